/// The credentials for Keystone.
package enum Credentials: Sendable, Hashable {
    /// `password`, `v3password`
    case password(user: UserReference, password: Secret)
    /// `v3applicationcredential`
    case applicationCredential(ApplicationCredentialReference, secret: Secret)
    /// `token`, `v3token`
    case token(Secret)
    /// `v3totp`; without a passcode, a person is asked for one.
    case totp(user: UserReference, passcode: Secret?)
    /// `v3multifactor`
    case multifactor([AuthMethod])
    /// `v3oidc…` and `v3chameleonoidc`: a login at an identity provider that Keystone trusts.
    case federated(FederationEndpoint, OpenIDLogin)

    /// All of the secrets, so that they can be removed from what a server says.
    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .applicationCredential(_, let secret), .token(let secret): [secret]
        case .totp(_, let passcode): passcode.map { [$0] } ?? []
        case .multifactor(let methods): methods.flatMap(\.secrets)
        case .federated(_, let login): login.secrets
        }
    }
}

/// One of the methods that `v3multifactor` combines.
package enum AuthMethod: Sendable, Hashable {
    case password(user: UserReference, password: Secret)
    case totp(user: UserReference, passcode: Secret?)
    case token(Secret)

    /// The name of the method in messages.
    var name: String {
        switch self {
        case .password: "password"
        case .totp: "passcode"
        case .token: "token"
        }
    }

    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .token(let secret): [secret]
        case .totp(_, let passcode): passcode.map { [$0] } ?? []
        }
    }
}

/// A domain, by id or by name.
package enum DomainReference: Sendable, Hashable {
    case id(String)
    case name(String)
}

/// A user, by id or by a name that is unique only within a domain.
package enum UserReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// An application credential, by id or by a name that is unique only for its user.
package enum ApplicationCredentialReference: Sendable, Hashable {
    case id(String)
    case name(String, user: UserReference)
}

/// The project that a token is for, by id or by a name that is unique only within a domain.
package enum ProjectReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// Where Keystone accepts tokens of an identity provider.
package struct FederationEndpoint: Sendable, Hashable {
    /// The provider's name in Keystone.
    package var identityProvider: String
    /// The protocol's name in Keystone, for example `openid`.
    package var protocolName: String

    package init(identityProvider: String, protocolName: String) {
        self.identityProvider = identityProvider
        self.protocolName = protocolName
    }
}
