import LeaseModel
import Logging

extension LeaseManager {
    /// Notes what is decided while clouds are read and writes are sent, and hands it on.
    func noting(
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) -> @Sendable (SyncProgress) async -> Void {
        guard let logger = configuration.logger, logger.logLevel <= .info else { return progress }
        return { event in
            if let text = event.decision { logger.info("\(text.escapedForTerminal)") }
            await progress(event)
        }
    }
}

extension SyncProgress {
    /// What was decided, in a sentence; `nil` for what only shows that something moves.
    fileprivate var decision: String? {
        switch self {
        case .reading, .resources, .waiting: nil
        case .writing(_, let done, _) where done > 0: nil
        case .writing(let cloud, _, let total):
            "\(cloud): the list was read to its end; \(total) leases are new or changed"
        case .confirming(_, let done, _) where done > 0: nil
        case .confirming(let cloud, _, let total): "\(cloud): \(total) known leases are not listed: asking for each"
        case .changed(let cloud, let changes): "\(cloud): \(changes.count) changes"
        case .mutation(let cloud, let mutation):
            "\(cloud): write \(mutation.id) (\(mutation.verb.rawValue) \"\(mutation.leaseName)\") is "
                + mutation.state.rawValue + (mutation.reason.map { " (\($0))" } ?? "")
                + (mutation.message.map { ": \($0)" } ?? "")
        case .finished(let report):
            "\(report.cloud): \(report.failure?.rawValue ?? "complete")" + (report.message.map { ": \($0)" } ?? "")
        }
    }
}
