package import LeaseModel

/// A lease that ends soon.
package struct ExpiringRow: Sendable, Hashable {
    package let lease: LeaseUsage
    /// The seconds until it ends.
    package let remainingSeconds: Int64
    /// When its site begins to allow extensions; `nil` if not known.
    package let extensionOpensAt: Timestamp?

    /// Returns `nil` if the lease does not end within the given time, or has ended.
    ///
    /// - Parameters:
    ///   - lease: the lease.
    ///   - now: the time.
    ///   - seconds: how far ahead to look.
    ///   - extensionWindow: how many seconds before the end the site allows an extension; `nil` if not known.
    package init?(_ lease: LeaseUsage, now: Timestamp, within seconds: Int64, extensionWindow: Int64?) {
        guard lease.mayGoOn, lease.endsAt > now, lease.endsAt.seconds(since: now) <= seconds else { return nil }
        self.lease = lease
        remainingSeconds = lease.endsAt.seconds(since: now)
        extensionOpensAt = extensionWindow.map { lease.endsAt.adding(seconds: -$0) }
    }
}

extension LeaseUsage {
    /// Whether it is listed, and has neither ended nor failed.
    var mayGoOn: Bool {
        removal == nil && ![.terminated, .terminating, .deleting, .error].contains(status)
    }
}
