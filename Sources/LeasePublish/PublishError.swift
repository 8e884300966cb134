package import LeaseStore

/// Why something could not be published.
package struct PublishError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// What a person asked for makes no sense.
        case invalid
        /// The server cannot be reached, or the connection was cut.
        case unreachable
        /// The server refuses the login, or what was asked for.
        case refused
        /// What is there was written by a newer program, belongs to somebody else, or is not what it should be.
        case data
        /// A program is missing, or a service is not configured.
        case configuration
        /// The collector's own database.
        case database
    }

    package let kind: Kind
    /// One sentence: what failed, where, and what to do.
    package let message: String

    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    package init(_ error: StoreError) {
        self.init(kind: .database, message: error.message)
    }
}
