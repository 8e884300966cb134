/// The auth types of keystoneauth that are supported, and Chameleon's own.
///
/// Whoever logs in switches over all of them, so that none is ever taken for another.
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
