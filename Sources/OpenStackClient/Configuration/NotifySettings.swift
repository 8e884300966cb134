package import LeaseModel

/// What a person wants to be reminded of, and how: the contents of notify.yaml.
package struct NotifySettings: Sendable, Hashable {
    /// The file.
    package let path: String
    package let rules: ReminderRules
    package let channels: [NotifyChannel]

    package init(path: String, rules: ReminderRules, channels: [NotifyChannel]) {
        self.path = path
        self.rules = rules
        self.channels = channels
    }
}

/// A way to tell a person something.
package struct NotifyChannel: Sendable, Hashable {
    package enum Means: Sendable, Hashable {
        /// A notification on the desktop.
        case desktop
        /// A mail through a program with sendmail's interface; `nil` for the computer's own.
        case mail(to: [String], from: String?, program: [String]?)
        /// A request to a web service, with a token if it wants one.
        case webhook(url: SecretSource, shape: WebhookShape, token: SecretSource?)
        /// A program that reads JSON.
        case command([String])
    }

    package let name: String
    package let means: Means
    /// What is told through it.
    package let kinds: Set<ReminderKind>
    /// How long sending may take, in seconds.
    package let timeLimitSeconds: Int64

    package init(
        name: String, means: Means, kinds: Set<ReminderKind> = Set(ReminderKind.allCases),
        timeLimitSeconds: Int64 = 20
    ) {
        self.name = name
        self.means = means
        self.kinds = kinds
        self.timeLimitSeconds = timeLimitSeconds
    }
}

/// The body that a web service expects.
package enum WebhookShape: String, Sendable, Hashable, CaseIterable {
    case plain, slack, discord, ntfy
}

/// Where a secret of notify.yaml comes from. It is fetched when it is used, and kept nowhere.
package enum SecretSource: Sendable, Hashable {
    /// It is in the file itself.
    case text(Secret)
    /// It is the contents of another file.
    case file(String)
    /// A command prints it.
    case command([String])
}
