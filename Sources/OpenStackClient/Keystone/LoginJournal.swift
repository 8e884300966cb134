package import Logging
import Synchronization

/// A step of a login, in the order in which they are taken.
package enum LoginStep: String, Sendable, CaseIterable {
    /// The provider describes itself.
    case discovery
    /// The provider, or a hub, gives an access token.
    case provider
    /// The access token is what it should be.
    case token
    /// Keystone takes the access token for proof.
    case federation
    /// Keystone gives a token for the project.
    case project
}

/// What became of the steps of the latest login, for whoever explains it to a person. Holds no secret.
package final class LoginJournal: Sendable {
    package struct Entry: Sendable, Hashable {
        package let step: LoginStep
        /// What was found; `nil` if the step was begun and not finished.
        package var finding: String?
        /// What will give trouble later.
        package var warning: String?
    }

    private let kept = Mutex<[Entry]>([])

    private let logger: Logger?

    /// - Parameter logger: where each step that is done is noted.
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
