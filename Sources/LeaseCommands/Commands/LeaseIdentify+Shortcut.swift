import Foundation
import LeaseModel
package import Leasehold
package import Output

extension LeaseIdentify {
    /// `leasehold id NAME`, answered before the command tree and the concurrency runtime are set up.
    ///
    /// Scripts call it in loops, and setting up takes longer than looking up. Only the plain forms are handled here.
    /// All other forms, and all errors, take the usual path and get its messages.
    package struct Shortcut: Equatable {
        /// The reference to the lease, as typed.
        package let reference: String
        /// The value of `--db`.
        package let databasePath: String?

        /// Recognizes `id NAME`, with `--db FILE` before or after it.
        ///
        /// - Parameter arguments: those after the program's name.
        package init?(_ arguments: [String]) {
            guard arguments.first == "id" else { return nil }
            var values: [String] = []
            var path: String?
            var rest = arguments.dropFirst()
            while let argument = rest.popFirst() {
                if argument == "--db" {
                    guard path == nil, let value = rest.popFirst(), !value.hasPrefix("-") else { return nil }
                    path = value
                } else {
                    guard !argument.hasPrefix("-") else { return nil }
                    values.append(argument)
                }
            }
            guard values.count == 1 else { return nil }
            reference = values[0]
            databasePath = path
        }

        /// Writes the id.
        ///
        /// - Returns: whether a lease was found. If not, nothing was written.
        package func answer(_ configuration: LeaseManager.Configuration, to sink: inout some TextSink) -> Bool {
            var configuration = configuration
            if let databasePath { configuration.databasePath = databasePath }
            do {
                let manager = try LeaseManager(configuration, access: .reading)
                let scopes = try GlobalOptions.scopes(
                    manager, clouds: [], environment: configuration.environment)
                let candidate = try manager.candidate(reference, scopes: scopes)
                try sink.write(candidate.id + "\n")
                try sink.flush()
                return true
            } catch {
                return false
            }
        }
    }

    /// Answers the process's command line, if it is a plain `id NAME`.
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
