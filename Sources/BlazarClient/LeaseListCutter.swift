internal import LeaseModel

/// Cuts the body of `GET /v1/leases` into one slice per lease while it arrives, without decoding any of them.
///
/// Blazar has no pages, no filter and no change feed: all leases come in one body, 158 MB for 100,000 leases. At most
/// one lease and the current part of the body are in memory.
///
/// The structure around the leases is checked: the body must be an object with exactly one array `leases` of objects,
/// followed by nothing but white space. Other members are skipped. The list is complete once ``finish()`` has returned.
/// Until then, and after any error, nothing may be concluded from it. Inside a lease only the nesting is checked; the
/// decoder checks the rest.
package struct LeaseListCutter: Sendable {
    /// The largest size of a lease, in bytes. A real one takes about 1.5 kB, and one with 1,000 hosts less than 1 MB.
    package static var sliceLimit: Int { 16 << 20 }

    /// The number of bytes consumed so far.
    package private(set) var byteCount = 0
    /// The number of leases cut so far.
    package private(set) var leaseCount = 0
    /// The id of the last lease.
    package private(set) var lastID: String?

    /// The query of the link to the next page, without its question mark; `nil` if there is no link.
    package var nextQuery: String? {
        guard !outside.links.isEmpty, let value = try? JSONValue(parsing: outside.links),
            let path = NextPage.path(after: "", in: ["leases_links": value], member: "leases")
        else { return nil }
        return String(path.dropFirst())
    }

    private var outside = ListStructure()
    private var lease = ObjectScan()
    private var isInLease = false
    /// The beginning of a lease whose end has not arrived yet.
    private var pending: [UInt8] = []
    /// The first byte of the body that is not white space. It shows whether the body is a web page: JSON never begins
    /// with `<`.
    private var firstByte: UInt8?
    private var error: LeaseListError?

    package init() {}

    /// Consumes the next part of the body.
    ///
    /// - Returns: the leases that this part completes, in the order of the list.
    /// - Throws: ``LeaseListError``. Every later call throws the same error.
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

    /// Ends the body.
    ///
    /// - Throws: ``LeaseListError`` if the list is not complete.
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

    /// Makes a slice from the pending bytes and those that complete it.
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

/// One lease of a list, as the bytes that the server sent.
package struct LeaseSlice: Sendable, Hashable {
    /// The lease's JSON object, including both braces.
    package let bytes: [UInt8]
    /// The lease's id: the value of the object's own member `id`, at whatever position.
    package let id: String
    /// The digest of ``bytes``, computed by `LeaseModel.ContentDigest`.
    package let digest: UInt64

    package init(bytes: [UInt8], id: String, digest: UInt64) {
        self.bytes = bytes
        self.id = id
        self.digest = digest
    }
}

/// Why a body is not a complete list of leases. After any of these, no part of the list counts.
package enum LeaseListError: Error, Sendable, Hashable {
    /// It is not JSON from this offset on. `looksLikeHTML` is set if the body begins like a web page.
    case notJSON(offset: Int, looksLikeHTML: Bool)
    /// It is JSON, but not an object with exactly one array `leases`.
    case noLeasesArray
    /// An element of `leases` is not an object. The index counts from 0.
    case elementNotObject(index: Int)
    /// An element of `leases` has no `id` that is a string. The index counts from 0.
    case elementWithoutID(index: Int)
    /// The body ends before the list does.
    case cutShort(bytes: Int)
    /// Something follows the list.
    case trailing(offset: Int)
    /// A lease exceeds the size limit.
    case sliceTooLarge(limit: Int)
    /// A page repeats leases of earlier pages, so the last page would never come.
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
