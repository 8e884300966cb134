public import LeaseModel
import LeaseStore
import SyncEngine

/// What waiting for a lease came to.
public struct WaitResult: Sendable, Hashable {
    /// The lease, as it is now.
    public let lease: MirroredLease?
    /// The creation that it came from, if it was asked for here.
    public let mutation: Mutation?
}

extension LeaseManager {
    /// Waits until a lease has a status, syncing its cloud again and again; a queued lease is sent first.
    ///
    /// - Parameters:
    ///   - reference: the lease: its id, its name, the beginning of its id, or its local id.
    ///   - clouds: where to look for it; empty for everywhere.
    ///   - status: the status to wait for.
    ///   - timeoutSeconds: how long to wait at most.
    ///   - progress: told what happens, while it happens.
    /// - Returns: the lease in that status.
    /// - Throws: ``LeaseholdError`` of code `notFinished` after the timeout, `refused` if it can never get there.
    public func wait(
        for reference: String, clouds: [String] = [], status: LeaseStatus, timeoutSeconds: Int64,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws -> WaitResult {
        let begun = configuration.now()
        let deadline = begun.adding(seconds: timeoutSeconds)
        var options = SyncOptions()
        options.readsResources = false
        var pauseSeconds = 2.0
        while true {
            let target = try writeTarget(reference, clouds: clouds)
            if let result = try finished(target, status) { return result }
            guard configuration.now() < deadline else {
                throw LeaseholdError(
                    code: .notFinished,
                    message: "'\(target.name)' is not \(status) after \(timeoutSeconds) s; it is \(Self.state(target))."
                )
            }
            let scope = try scopes().first { $0.id == target.scopeID }
            let name = clouds.first { scope?.clouds.contains($0) ?? false } ?? scope?.clouds.first
            _ = try await sync(clouds: name.map { .named([$0]) } ?? .standard, options: options, progress: progress)
            if let result = try finished(try writeTarget(reference, clouds: clouds), status) { return result }
            let now = configuration.now()
            await progress(
                .waiting(
                    WaitProgress(
                        name: target.name, status: Self.state(target), wanted: status,
                        elapsedSeconds: now.seconds(since: begun), timeoutSeconds: timeoutSeconds)))
            try await sleep(max(0.5, min(pauseSeconds, Double(deadline.seconds(since: now)))))
            pauseSeconds = min(pauseSeconds * 1.5, 15)
        }
    }

    private static func state(_ target: WriteTarget) -> String {
        switch target {
        case .mirrored(let lease): lease.lease.status.rawValue
        case .creation(let mutation, _): mutation.state.rawValue
        }
    }

    private func finished(_ target: WriteTarget, _ status: LeaseStatus) throws(LeaseholdError) -> WaitResult? {
        switch target {
        case .mirrored(let lease):
            if lease.lease.status == status, lease.departure == nil { return WaitResult(lease: lease, mutation: nil) }
            let hasEnded = lease.departure != nil || [.error, .terminated].contains(lease.lease.status)
            guard !hasEnded else {
                let how = lease.departure == nil ? lease.lease.status.rawValue : "gone"
                throw LeaseholdError(
                    code: .refused, message: "'\(lease.lease.name)' is \(how), and will not become \(status).")
            }
        case .creation(let mutation, _):
            guard mutation.state.isFinal || mutation.state == .parked || mutation.state == .blocked else { return nil }
            throw LeaseholdError(
                code: .refused,
                message:
                    "'\(mutation.leaseName)' is \(mutation.state.rawValue): \(mutation.message ?? "no reason given")")
        }
        return nil
    }
}
