import ArgumentParser
import LeasePublish
import Leasehold

/// Where a sync publishes to.
struct SyncPublishingOptions: ParsableArguments {
    @Option(
        name: .customLong("publish"),
        help: ArgumentHelp(
            "Publish after each sync, as `leasehold publish postgres` does.", valueName: "service"))
    var service: String?

    @Option(
        name: .customLong("publish-schema"), help: ArgumentHelp("The schema to publish to.", valueName: "name"))
    var schema = "leasehold"

    /// What publishes; `nil` if nothing is to be published.
    func publishing(_ configuration: LeaseManager.Configuration, _ printer: SyncPrinter) throws -> SyncPublishing? {
        guard let service else { return nil }
        let publisher = PostgreSQLPublisher(
            databasePath: configuration.databasePath, target: try PublishTarget.named(service, schema: schema),
            environment: configuration.environment, takesOver: false, now: configuration.now)
        return SyncPublishing(publisher: publisher, name: service, printer: printer)
    }
}

/// Publishes what syncs have read.
struct SyncPublishing: Sendable {
    let publisher: PostgreSQLPublisher
    let name: String
    let printer: SyncPrinter

    /// Publishes once, and says what failed.
    ///
    /// - Returns: the exit status.
    func publish() async -> ExitStatus {
        do {
            let report = try await PublishTarget.publish(publisher)
            await printer.tell(publishing: name, problem: nil)
            if let remark = report.remark { await printer.remark(remark) }
            return .success
        } catch {
            await printer.tell(publishing: name, problem: error.message)
            return error.status
        }
    }

    /// Publishes at the beginning and after each sync, until the task is cancelled.
    func follow(_ syncs: AsyncStream<Void>) async {
        _ = await publish()
        for await _ in syncs where !Task.isCancelled { _ = await publish() }
    }
}
