/// The supported auth types: those of keystoneauth, and Chameleon's own.
///
/// Code that logs in switches over all cases, so no auth type can be mistaken for another.
package enum AuthType: String, Sendable, CaseIterable {
    case password
    case v3password
    case v3applicationcredential
    case token
    case v3token
    case v3totp
    case v3multifactor
    case v3oidcpassword
    case v3oidcclientcredentials
    case v3oidcauthcode
    case v3oidcaccesstoken
    case v3oidcdeviceauthz
    case v3chameleonoidc

    /// All names, for messages.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
