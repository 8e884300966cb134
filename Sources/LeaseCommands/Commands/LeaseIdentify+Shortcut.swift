import Foundation
import LeaseModel
package import Leasehold
package import Output

extension LeaseIdentify {
    /// `leasehold id NAME` and `leasehold reservation-id NAME`, answered before the command tree and the concurrency
    /// runtime are set up.
    ///
    /// Scripts call it in loops, and setting up takes longer than looking up. Only the plain forms are handled here.
    /// All other forms, and all errors, take the usual path and get its messages.
    package struct Shortcut: Equatable {
        /// The id to print.
        enum Subject: Equatable {
            case lease
            /// Of the lease's only reservation of this type; `nil` for any type.
            case reservation(ResourceType?)
        }

        let subject: Subject
        /// The reference to the lease, as typed.
        package let reference: String
        /// The value of `--db`.
        package let databasePath: String?

        /// Recognizes `id NAME` and `reservation-id NAME`, with `--db FILE` before or after it. `reservation-id` may
        /// have `--type TYPE`.
        ///
        /// - Parameter arguments: those after the program's name.
        package init?(_ arguments: [String]) {
            let known: [String]
            switch arguments.first {
            case "id": known = ["--db"]
            case "reservation-id": known = ["--db", "--type"]
            default: return nil
            }
            var values: [String] = []
            var options: [String: String] = [:]
            var rest = arguments.dropFirst()
            while let argument = rest.popFirst() {
                if known.contains(argument) {
                    guard options[argument] == nil, let value = rest.popFirst(), !value.hasPrefix("-") else {
                        return nil
                    }
                    options[argument] = value
                } else {
                    guard !argument.hasPrefix("-") else { return nil }
                    values.append(argument)
                }
            }
            guard values.count == 1 else { return nil }
            reference = values[0]
            databasePath = options["--db"]
            subject =
                known.contains("--type") ? .reservation(options["--type"].map(ResourceType.init(named:))) : .lease
        }

        /// Writes the id.
        ///
        /// - Returns: whether exactly one was found. If not, nothing was written.
        package func answer(_ configuration: LeaseManager.Configuration, to sink: inout some TextSink) -> Bool {
            var configuration = configuration
            if let databasePath { configuration.databasePath = databasePath }
            do {
                let manager = try LeaseManager(configuration, access: .reading)
                let scopes = try GlobalOptions.scopes(
                    manager, clouds: [], environment: configuration.environment)
                guard let id = try id(manager, scopes) else { return false }
                try sink.write(id + "\n")
                try sink.flush()
                return true
            } catch {
                return false
            }
        }

        private func id(_ manager: LeaseManager, _ scopes: Set<Int64>?) throws -> String? {
            guard case .reservation(let type) = subject else {
                return try manager.candidate(reference, scopes: scopes).id
            }
            let query = ReservationQuery(resourceType: type)
            let fitting = try manager.lease(reference, scopes: scopes).lease.reservations.filter(query.matches)
            return fitting.count == 1 ? fitting[0].id : nil
        }
    }

    /// Answers the process's command line, if it is a plain `id NAME` or `reservation-id NAME`.
    ///
    /// - Returns: whether it was answered.
    package static func answerAtOnce() -> Bool {
        guard let shortcut = Shortcut(Array(CommandLine.arguments.dropFirst())) else { return false }
        let environment = ProcessInfo.processInfo.environment
        // No clouds.yaml is read, so the folders do not matter; asking the system for them takes time.
        let configuration = LeaseManager.Configuration(
            environment: environment, currentDirectory: "/", homeDirectory: environment["HOME"] ?? "/")
        var output = FileSink.standardOutput
        return shortcut.answer(configuration, to: &output)
    }
}
