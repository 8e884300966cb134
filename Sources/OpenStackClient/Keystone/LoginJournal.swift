package import Logging
import Synchronization

/// A step of a login. The cases are in order.
package enum LoginStep: String, Sendable, CaseIterable {
    /// The provider's description is read.
    case discovery
    /// The provider, or a hub, issues an access token.
    case provider
    /// The access token is checked.
    case token
    /// Keystone accepts the access token.
    case federation
    /// Keystone issues a token for the project.
    case project
}

/// The steps of the latest login and their results, for explaining it to a person. It contains no secret.
package final class LoginJournal: Sendable {
    package struct Entry: Sendable, Hashable {
        package let step: LoginStep
        /// The result; `nil` if the step began and did not finish.
        package var finding: String?
        /// Something that will cause trouble later.
        package var warning: String?
    }

    private let kept = Mutex<[Entry]>([])

    private let logger: Logger?

    /// - Parameter logger: logs each finished step.
    package init(logger: Logger? = nil) { self.logger = logger }

    package var entries: [Entry] { kept.withLock { $0 } }

    func restart() { kept.withLock { $0 = [] } }

    func begin(_ step: LoginStep) {
        kept.withLock { entries in
            entries.removeAll { $0.step == step }
            entries.append(Entry(step: step))
        }
    }

    func finish(_ step: LoginStep, _ finding: String, warning: String? = nil) {
        begin(step)
        logger?.info("login: \(step.rawValue): \(finding)")
        kept.withLock { entries in
            entries[entries.count - 1].finding = finding
            entries[entries.count - 1].warning = warning
        }
    }
}
