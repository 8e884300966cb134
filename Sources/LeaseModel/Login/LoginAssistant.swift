/// A person who can be asked while a command logs in.
///
/// Without one nobody is asked: what needs a person fails, and says which command asks.
package protocol LoginAssistant: Sendable {
    /// Shows a person where to log in, and returns at once; the caller waits for what the provider says.
    func invite(_ invitation: LoginInvitation) async

    /// Tells how much of the time is left; called about once a second.
    func note(secondsLeft: Int64) async

    /// Takes the invitation back: the login has ended, well or not.
    func conclude() async

    /// Asks for a passcode or the like.
    ///
    /// - Returns: the answer, without its line end; `nil` if there is none.
    func answer(to question: String) async -> String?
}

/// Where a person logs in, and until when.
package struct LoginInvitation: Sendable, Hashable {
    /// The cloud that the login is for.
    package let cloud: String
    /// The address to open. Its scheme is `http` or `https`.
    package let address: String
    /// The code to type in there; `nil` if none is asked for.
    package let code: String?
    /// The address with the code in it, if the provider has one.
    package let completeAddress: String?
    /// When the invitation ends.
    package let expiresAt: Timestamp

    package init(cloud: String, address: String, code: String?, completeAddress: String?, expiresAt: Timestamp) {
        self.cloud = cloud
        self.address = address
        self.code = code
        self.completeAddress = completeAddress
        self.expiresAt = expiresAt
    }
}
