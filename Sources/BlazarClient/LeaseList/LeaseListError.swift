/// Why bytes are not a whole list of leases. Any of these makes the list count for nothing.
package enum LeaseListError: Error, Sendable, Hashable {
    /// Not JSON from this offset on; `looksLikeHTML` if the body begins as a web page does.
    case notJSON(offset: Int, looksLikeHTML: Bool)
    /// JSON, but not an object with one array `leases`.
    case noLeasesArray
    /// An element of `leases` is not an object; the index counts from 0.
    case elementNotObject(index: Int)
    /// An element of `leases` has no `id` that is a string.
    case elementWithoutID(index: Int)
    /// The bytes end before the list does.
    case cutShort(bytes: Int)
    /// Something follows the list.
    case trailing(offset: Int)
    /// One lease takes more bytes than the limit.
    case sliceTooLarge(limit: Int)
    /// A page brings leases of pages before it, so that the last one would never come.
    case pagesRepeat(page: Int)
}

extension LeaseListError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notJSON(_, looksLikeHTML: true): "it is a web page, not a list of leases"
        case .notJSON(let offset, _): "it is not JSON at byte \(offset)"
        case .noLeasesArray: "it has no list of leases"
        case .elementNotObject(let index): "element \(index) of the list is not a lease"
        case .elementWithoutID(let index): "element \(index) of the list has no id"
        case .cutShort(let bytes): "it ends after \(bytes) bytes, in the middle of the list"
        case .trailing(let offset): "something follows the list at byte \(offset)"
        case .sliceTooLarge(let limit): "one lease in it takes more than \(limit >> 20) MiB"
        case .pagesRepeat(let page): "its page \(page) repeats leases of earlier pages"
        }
    }
}
