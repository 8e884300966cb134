import LeaseModel

/// Why a cloud's configuration cannot be used.
package struct CloudConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case brokenFile, unknownCloud, ambiguousCloud, noCloud, unknownRegion, missingField, invalidValue
        case unsupportedAuthType
    }

    package let kind: Kind
    /// One sentence: what is wrong, where, and what to do. It contains no secret, and no line of the file, because a
    /// line may contain one.
    package let message: String
    /// Where the problem is, if it is in a file.
    package let position: ConfigurationPosition?

    init(_ kind: Kind, _ message: String, at position: ConfigurationPosition? = nil) {
        self.kind = kind
        self.message = position.map { "\($0): \(message)" } ?? message
        self.position = position
    }

    package var description: String { message }
}

extension ServiceError {
    /// The same error as a ``ServiceError``.
    package init(_ error: CloudConfigurationError) { self.init(kind: .configuration, message: error.message) }
}

/// A place in a configuration file.
package struct ConfigurationPosition: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    /// Starts at 1; `nil` for the whole file.
    package let line: Int?
    /// Starts at 1.
    package let column: Int?

    package var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return file.escapedForTerminal + place
    }
}
