/// The parts of a mirrored lease that a reader needs. The others are not read, and are empty.
///
/// Its id, name, status, start and end are always read.
package struct LeaseParts: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The user and the project with their names, and whether the lease is the user's own.
    package static let owners = LeaseParts(rawValue: 1 << 0)
    /// The reservations, and how many resources they hold.
    package static let reservations = LeaseParts(rawValue: 1 << 1)
    /// The events, which tell when a lease really began and ended.
    package static let events = LeaseParts(rawValue: 1 << 2)
    /// The trust, and the fields that this program does not know.
    package static let details = LeaseParts(rawValue: 1 << 3)
    /// When it was created, changed and seen, whether it is degraded, and what is known of its removal.
    package static let record = LeaseParts(rawValue: 1 << 4)

    package static let all: LeaseParts = [.owners, .reservations, .events, .details, .record]
}
