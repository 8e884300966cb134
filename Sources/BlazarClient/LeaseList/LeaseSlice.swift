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
