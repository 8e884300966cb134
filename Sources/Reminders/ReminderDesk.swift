package import LeaseModel
package import LeaseStore
import OpenStackClient

/// What a person wrote down about reminders, ready to be carried out.
package struct ReminderDesk: Sendable {
    /// What is wrong with the file, with file, line and key.
    package struct InvalidFile: Error, Sendable {
        package let message: String
    }

    /// A channel, for people.
    package struct Channel: Sendable, Hashable {
        package let name: String
        /// `desktop`, `mail`, `webhook` or `command`.
        package let type: String
        /// What is told through it.
        package let kinds: Set<ReminderKind>
    }

    private let settings: NotifySettings
    private let sender: ChannelSender
    private let now: @Sendable () -> Timestamp

    /// Reads the file; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - environment: the environment variables, also those of the programs that channels run.
    ///   - homeDirectory: the user's home folder.
    ///   - currentDirectory: the current folder.
    ///   - userAgent: the `User-Agent` sent to web services.
    ///   - now: the clock.
    /// - Throws: ``InvalidFile``.
    package init?(
        environment: [String: String], homeDirectory: String, currentDirectory: String, userAgent: String,
        now: @escaping @Sendable () -> Timestamp
    ) throws(InvalidFile) {
        let file = NotifyFile(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory)
        do {
            guard let settings = try file.load() else { return nil }
            self.settings = settings
        } catch {
            throw InvalidFile(message: error.message)
        }
        sender = ChannelSender(environment: environment, userAgent: userAgent, now: now)
        self.now = now
    }

    /// Where the file is, or would be.
    package static func path(environment: [String: String], homeDirectory: String, currentDirectory: String) -> String {
        NotifyFile(environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory).path
    }

    package var path: String { settings.path }
    package var rules: ReminderRules { settings.rules }
    package var channels: [Channel] {
        settings.channels.map { channel in
            let type =
                switch channel.means {
                case .desktop: "desktop"
                case .mail: "mail"
                case .webhook(_, let shape, _): shape == .plain ? "webhook" : "webhook, \(shape.rawValue)"
                case .command: "command"
                }
            return Channel(name: channel.name, type: type, kinds: channel.kinds)
        }
    }

    /// Tells what is due.
    ///
    /// - Throws: ``StoreError``.
    package func run(
        _ store: LeaseStore, policies: SitePolicies, time: @escaping @Sendable (Timestamp) -> String
    ) async throws(StoreError) -> ReminderPass {
        let service = ReminderService(store: store, settings: settings, policies: policies, now: now) {
            [sender, now] message, channel async throws(ChannelProblem) in
            try await sender.send(OutgoingMessage(message, now: now(), time: time), through: channel)
        }
        return try await service.run()
    }

    /// Sends a sample through a channel.
    ///
    /// - Parameter name: the channel, one of ``channels``.
    /// - Returns: why it failed; `nil` if it did not.
    package func test(_ name: String) async -> String? {
        guard let channel = settings.channels.first(where: { $0.name == name }) else {
            return "there is no such channel"
        }
        var random = SystemRandomNumberGenerator()
        let id = ClientToken.make(using: &random)
        do throws(ChannelProblem) {
            try await sender.send(OutgoingMessage(sampleFor: name, id: id), through: channel)
            return nil
        } catch {
            return error.description
        }
    }
}
