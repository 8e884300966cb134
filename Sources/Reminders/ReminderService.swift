package import LeaseModel
package import LeaseStore
import LocalFiles
package import OpenStackClient

/// Writes down what a person is to be told, and tells it.
package struct ReminderService: Sendable {
    /// Where other processes that send reminders wait for this one.
    private final class Lock: Sendable {
        private let file: LockFile

        init?(_ files: DatabaseFiles) throws(FileProblem) {
            guard let file = try LockFile(path: files.senderLock("reminders")) else { return nil }
            self.file = file
        }
    }

    private let store: LeaseStore
    private let settings: NotifySettings
    private let policies: SitePolicies
    private let now: @Sendable () -> Timestamp
    private let send: @Sendable (ReminderMessage, NotifyChannel) async throws(ChannelProblem) -> Void

    /// - Parameters:
    ///   - store: the database.
    ///   - settings: what to tell, and how.
    ///   - policies: the rules of sites.
    ///   - now: the clock.
    ///   - send: sends a message through a channel, within the channel's time limit.
    package init(
        store: LeaseStore, settings: NotifySettings, policies: SitePolicies, now: @escaping @Sendable () -> Timestamp,
        send: @escaping @Sendable (ReminderMessage, NotifyChannel) async throws(ChannelProblem) -> Void
    ) {
        self.store = store
        self.settings = settings
        self.policies = policies
        self.now = now
        self.send = send
    }

    /// Tells what is due. Each channel gets one new message at most, and no channel waits for another.
    ///
    /// - Throws: ``StoreError``.
    package func run() async throws(StoreError) -> ReminderPass {
        let addresses = settings.channels.map { ReminderAddress(name: $0.name, kinds: $0.kinds) }
        var pass = ReminderPass()
        pass.nextAt = try store.recordReminders(settings.rules, policies: policies, channels: addresses, at: now())
        let lock: Lock?
        do {
            lock = try Lock(store.files)
        } catch {
            throw StoreError(
                kind: .cannotOpen, message: "No reminder can be sent: the lock beside the database: \(error.clause).")
        }
        guard let lock else {
            // Another process is sending. What it has not taken up is looked at again soon.
            pass.nextAt = [pass.nextAt, now().adding(seconds: Self.busySeconds)].compactMap(\.self).min()
            return pass
        }
        defer { withExtendedLifetime(lock) {} }
        try store.recoverReminders(at: now())
        let deliveries = await withTaskGroup(of: (String, Delivery).self) { group in
            for channel in settings.channels { group.addTask { (channel.name, await deliver(channel)) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (channel, delivery) in deliveries {
            switch delivery {
            case .nothingDue: break
            case .sent: pass.sent.insert(channel)
            case .failed(let problem): pass.problems[channel] = problem
            case .unrecorded(let error): throw error
            }
        }
        if let retry = try store.nextMessageAt(channels: settings.channels.map(\.name)) {
            pass.nextAt = min(pass.nextAt ?? retry, retry)
        }
        return pass
    }

    /// How soon to look again if another process is sending, in seconds.
    private static let busySeconds: Int64 = 30

    private enum Delivery: Sendable {
        case nothingDue
        case sent
        case failed(String)
        /// The database could not be written.
        case unrecorded(StoreError)
    }

    /// Sends what is due to a channel.
    private func deliver(_ channel: NotifyChannel) async -> Delivery {
        do throws(StoreError) {
            guard let message = try store.beginMessage(to: channel.name, at: now()) else { return .nothingDue }
            var problem: String?
            do throws(ChannelProblem) {
                try await send(message, channel)
            } catch {
                problem = error.description
            }
            try store.endMessage(message, problem: problem, at: now())
            if problem == nil, message.isRepetition, case .failed(let problem) = await deliver(channel) {
                return .failed(problem)
            }
            return problem.map(Delivery.failed) ?? .sent
        } catch {
            return .unrecorded(error)
        }
    }
}
