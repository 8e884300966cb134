/// Asks a person while a command logs in.
///
/// Without an assistant nobody is asked: a login that needs a person fails and names the command that can ask.
package protocol LoginAssistant: Sendable {
    /// Shows the person where to log in and returns at once. The caller then waits for the provider's answer.
    func invite(_ invitation: LoginInvitation) async

    /// Reports how much time is left. Called about once a second.
    func note(secondsLeft: Int64) async

    /// Removes the invitation: the login has succeeded or failed.
    func conclude() async

    /// Asks for a passcode or a similar text.
    ///
    /// - Returns: the answer without its line break; `nil` if there is none.
    func answer(to question: String) async -> String?
}

/// Where a person logs in, and by when.
package struct LoginInvitation: Sendable, Hashable {
    /// The cloud to log in to.
    package let cloud: String
    /// The address to open, with the scheme `http` or `https`.
    package let address: String
    /// The code to type in at that address; `nil` if none is needed.
    package let code: String?
    /// The address with the code in it, if the provider offers one.
    package let completeAddress: String?
    /// When the invitation expires.
    package let expiresAt: Timestamp

    package init(cloud: String, address: String, code: String?, completeAddress: String?, expiresAt: Timestamp) {
        self.cloud = cloud
        self.address = address
        self.code = code
        self.completeAddress = completeAddress
        self.expiresAt = expiresAt
    }
}
