public import LeaseModel
import LeaseStore
package import Reminders

extension LeaseManager {
    /// Tells what is due, as notify.yaml says. Call it after a sync.
    ///
    /// What is told is written to the database first, so that nothing is told twice, by any process.
    ///
    /// - Parameter time: writes a time for people.
    /// - Returns: what was done; `nil` if there is no notify.yaml. A channel that fails is no error.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if notify.yaml is invalid, or `database`.
    @discardableResult
    public func remind(
        time: @escaping @Sendable (Timestamp) -> String = \.iso8601
    ) async throws(LeaseholdError) -> ReminderPass? {
        guard let desk = try Self.reminderDesk(configuration) else { return nil }
        let policies = (try? policies()) ?? SitePolicies()
        do {
            return try await DatabaseThreads.run { () throws(StoreError) in
                try await desk.run(store, policies: policies, time: time)
            }
        } catch {
            throw LeaseholdError(error)
        }
    }

    /// Tells what is due whenever something comes due, until the task is canceled.
    ///
    /// - Parameters:
    ///   - syncs: an element for each sync that has ended.
    ///   - time: writes a time for people.
    ///   - tell: called after each look.
    package func keepReminding(
        after syncs: AsyncStream<Void>, time: @escaping @Sendable (Timestamp) -> String,
        tell: @Sendable (Result<ReminderPass?, LeaseholdError>) async -> Void
    ) async {
        // What asks for a look: the number of a timer, or nothing after a sync.
        let (looks, look) = AsyncStream.makeStream(of: Int?.self)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in syncs { look.yield(nil) }
            }
            var timer = 0
            func wait(_ seconds: Double) {
                timer += 1
                let number = timer
                group.addTask {
                    guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
                    look.yield(number)
                }
            }
            // The first sync comes first, because a lease may have been extended elsewhere, unless there is no answer.
            wait(Self.longestPauseSeconds)
            for await number in looks where number == nil || number == timer {
                let result: Result<ReminderPass?, LeaseholdError>
                do throws(LeaseholdError) {
                    result = .success(try await remind(time: time))
                } catch {
                    result = .failure(error)
                }
                await tell(result)
                // The next time is looked at again and again, because the computer may sleep in between.
                let next = (try? result.get())?.nextAt.map { Double($0.seconds(since: configuration.now())) }
                wait(min(max(1, next ?? .infinity), Self.longestPauseSeconds))
            }
            group.cancelAll()
        }
    }

    private static var longestPauseSeconds: Double { 60 }

    /// What people were told or are about to be, the latest last.
    public func reminderLog() throws(LeaseholdError) -> [RecordedReminder] {
        try reading { store throws(StoreError) in try store.reminderRecords() }
    }

    /// What is due now and later, in this order, as far as is known. Nothing is told.
    package func upcomingReminders(_ desk: ReminderDesk) throws(LeaseholdError) -> [Reminder] {
        let policies = (try? policies()) ?? SitePolicies()
        return try reading { store throws(StoreError) in
            try store.previewReminders(desk.rules, policies: policies, at: configuration.now())
        }
    }

    /// What notify.yaml says; `nil` if there is no such file.
    ///
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the file is invalid.
    package static func reminderDesk(_ configuration: Configuration) throws(LeaseholdError) -> ReminderDesk? {
        do {
            return try ReminderDesk(
                environment: configuration.environment, homeDirectory: configuration.homeDirectory,
                currentDirectory: configuration.currentDirectory, userAgent: "leasehold/\(version)",
                now: configuration.now)
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// The file in which reminders are configured, whether or not it exists.
    package static func notifyPath(_ configuration: Configuration) -> String {
        ReminderDesk.path(
            environment: configuration.environment, homeDirectory: configuration.homeDirectory,
            currentDirectory: configuration.currentDirectory)
    }
}
