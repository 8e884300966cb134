/// The mark by which a lease of ours is recognised: an event of the client's own.
///
/// Blazar stores an event of an unknown type with the status DONE, never executes it, lists it with the lease and
/// deletes it with the lease (seen on Blazar 18 and on Chameleon's fork). A type of more than 66 characters leaves a
/// lease that nobody can delete, so the token is made of a fixed alphabet and its length is checked.
public enum ClientToken {
    /// What the type of our event begins with.
    public static let prefix = "leasehold:"
    /// The longest type that Blazar takes, in characters.
    public static let longestType = 66
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    private static let length = 26

    /// Makes a token of 130 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        String((0..<length).map { _ in alphabet[Int(UInt8.random(in: 0..<32, using: &random))] })
    }

    /// The event that carries a token; `nil` for text that is no token of ours.
    ///
    /// - Parameters:
    ///   - token: the token.
    ///   - time: a time for the event: the lease's start. Without one, Blazar 18 answers a bare 500 to anybody's
    ///     instance or flavor reservation on the same hosts, as it sorts the events of the leases there by time.
    /// - Returns: the event.
    public static func event(for token: String, at time: Timestamp) -> JSONObject? {
        guard let type = eventType(for: token) else { return nil }
        return ["event_type": .string(type), "status": "DONE", "time": .string(time.blazarRequest)]
    }

    /// The type of the event that carries a token; `nil` for text that is no token of ours.
    public static func eventType(for token: String) -> String? {
        guard token.count == length, token.allSatisfy(alphabet.contains) else { return nil }
        let type = prefix + token
        return type.count <= longestType ? type : nil
    }
}

/// The name of a lease before the server has given it one.
public enum LocalID {
    /// What it begins with, so that nobody takes it for Blazar's.
    public static let prefix = "local-"

    /// Whether a lease's id is one of ours. Blazar's are UUIDs.
    public static func isOne(_ id: String) -> Bool { id.hasPrefix(prefix) }

    /// Makes one of 50 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        prefix + String(ClientToken.make(using: &random).prefix(10))
    }
}
