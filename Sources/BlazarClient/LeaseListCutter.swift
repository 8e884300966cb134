internal import LeaseModel

/// Cuts the body of `GET /v1/leases` into one slice a lease while it arrives, without decoding any.
///
/// Blazar has no pages, no filter and no change feed: everything comes in one body, 158 MB for 100,000 leases. At most
/// one lease and the part at hand are in memory.
///
/// The structure around the leases is verified: an object with exactly one array `leases` of objects, its other members
/// skipped, nothing but white space behind it. A list is whole once ``finish()`` has returned; until then, and after
/// any error, nothing may be concluded from it. Inside a lease only the nesting is looked at: its decoder does the rest.
package struct LeaseListCutter: Sendable {
    /// No lease may take more bytes than this: a real one takes about 1.5 kB, one with 1,000 hosts less than 1 MB.
    package static var sliceLimit: Int { 16 << 20 }

    /// How many bytes have been taken in.
    package private(set) var byteCount = 0
    /// How many leases have been cut.
    package private(set) var leaseCount = 0
    /// The id of the lease that was cut last.
    package private(set) var lastID: String?

    /// The query of the link to the next page, without its question mark; `nil` if the list has none.
    package var nextQuery: String? {
        guard !outside.links.isEmpty, let value = try? JSONValue(parsing: outside.links),
            let path = NextPage.path(after: "", in: ["leases_links": value], member: "leases")
        else { return nil }
        return String(path.dropFirst())
    }

    private var outside = ListStructure()
    private var lease = ObjectScan()
    private var isInLease = false
    /// The beginning of a lease whose end has not arrived.
    private var pending: [UInt8] = []
    /// The body's first byte that is not white space, to tell a web page: nothing in JSON begins with `<`.
    private var firstByte: UInt8?
    private var error: LeaseListError?

    package init() {}

    /// Takes the next part of the body.
    ///
    /// - Returns: the leases that are complete with it, in the list's order.
    /// - Throws: ``LeaseListError``, and the same again for every part after it.
    package mutating func consume(_ part: [UInt8]) throws(LeaseListError) -> [LeaseSlice] {
        if let error { throw error }
        if firstByte == nil { firstByte = part.first { !$0.isJSONSpace } }
        var slices: [LeaseSlice] = []
        let outcome = part.withUnsafeBytes { bytes in
            Result<Void, LeaseListError> { () throws(LeaseListError) in try cut(bytes, into: &slices) }
        }
        if case .failure(let found) = outcome {
            error = found
            pending = []
            throw found
        }
        byteCount += part.count
        return slices
    }

    /// Says that the body has ended.
    ///
    /// - Throws: ``LeaseListError`` if the list has not.
    package mutating func finish() throws(LeaseListError) {
        if let error { throw error }
        if outside.isComplete { return }
        let found = LeaseListError.cutShort(bytes: byteCount)
        error = found
        throw found
    }

    private mutating func cut(
        _ bytes: UnsafeRawBufferPointer, into slices: inout [LeaseSlice]
    ) throws(LeaseListError) {
        var offset = 0
        while offset < bytes.count {
            if !isInLease {
                guard let start = try startOfLease(in: bytes, from: offset) else { return }
                offset = start
                isInLease = true
                lease = ObjectScan()
            }
            guard let end = lease.end(in: bytes, from: offset) else {
                guard pending.count + bytes.count - offset <= Self.sliceLimit else {
                    throw .sliceTooLarge(limit: Self.sliceLimit)
                }
                pending.append(contentsOf: bytes[offset...])
                return
            }
            isInLease = false
            slices.append(try slice(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]), endsAt: byteCount + end))
            offset = end
        }
    }

    private mutating func startOfLease(
        in bytes: UnsafeRawBufferPointer, from start: Int
    ) throws(LeaseListError) -> Int? {
        do {
            return try outside.startOfElement(in: bytes, from: start)
        } catch {
            switch error {
            case .unexpected(let offset):
                throw .notJSON(offset: byteCount + offset, looksLikeHTML: firstByte == UInt8(ascii: "<"))
            case .noLeasesArray: throw .noLeasesArray
            case .elementNotObject: throw .elementNotObject(index: leaseCount)
            case .trailing(let offset): throw .trailing(offset: byteCount + offset)
            }
        }
    }

    /// Makes a slice of what is pending and the bytes that complete it.
    private mutating func slice(
        _ last: UnsafeRawBufferPointer, endsAt end: Int
    ) throws(LeaseListError) -> LeaseSlice {
        guard pending.count + last.count <= Self.sliceLimit else { throw .sliceTooLarge(limit: Self.sliceLimit) }
        var whole = pending
        whole.append(contentsOf: last)
        pending.removeAll(keepingCapacity: false)
        guard whole.last == UInt8(ascii: "}") else { throw .notJSON(offset: end - 1, looksLikeHTML: false) }
        let isRepeated = lease.idCount > 1
        let (id, digest) = whole.withUnsafeBytes { bytes in
            (MemberScan.id(in: bytes, isRepeated: isRepeated), ContentDigest.digest(of: bytes))
        }
        guard let id else { throw .elementWithoutID(index: leaseCount) }
        leaseCount += 1
        lastID = id
        return LeaseSlice(bytes: whole, id: id, digest: digest)
    }
}

/// One lease of a list, as the bytes the server sent for it.
package struct LeaseSlice: Sendable, Hashable {
    /// The lease's JSON object, from its opening brace to its closing one.
    package let bytes: [UInt8]
    /// The lease's id: the value of the object's own member `id`, wherever it stands.
    package let id: String
    /// The digest of ``bytes``, as `LeaseModel.ContentDigest` gives it.
    package let digest: UInt64

    package init(bytes: [UInt8], id: String, digest: UInt64) {
        self.bytes = bytes
        self.id = id
        self.digest = digest
    }
}

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
