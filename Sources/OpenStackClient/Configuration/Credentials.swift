/// What proves to Keystone who is asking.
package enum Credentials: Sendable, Hashable {
    /// `password`, `v3password`
    case password(user: UserReference, password: Secret)
    /// `v3applicationcredential`
    case applicationCredential(ApplicationCredentialReference, secret: Secret)
    /// `token`, `v3token`
    case token(Secret)
    /// `v3totp`; without a passcode a person is asked for one.
    case totp(user: UserReference, passcode: Secret?)
    /// `v3multifactor`
    case multifactor([AuthMethod])
    /// `v3oidc…` and `v3chameleonoidc`: an identity provider's word, which Keystone takes.
    case federated(FederationEndpoint, OpenIDLogin)

    /// Every secret in it, so that a server's words can be cleared of them.
    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .applicationCredential(_, let secret), .token(let secret): [secret]
        case .totp(_, let passcode): passcode.map { [$0] } ?? []
        case .multifactor(let methods): methods.flatMap(\.secrets)
        case .federated(_, let login): login.secrets
        }
    }
}

/// One of the proofs that `v3multifactor` puts together.
package enum AuthMethod: Sendable, Hashable {
    case password(user: UserReference, password: Secret)
    case totp(user: UserReference, passcode: Secret?)
    case token(Secret)

    /// What to call it in front of a person.
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

/// A user: by id, or by a name that is unique in a domain only.
package enum UserReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// An application credential: by id, or by a name that is unique for its user only.
package enum ApplicationCredentialReference: Sendable, Hashable {
    case id(String)
    case name(String, user: UserReference)
}

/// The project a token is to be for: by id, or by a name that is unique in a domain only.
package enum ProjectReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// Where Keystone takes the word of an identity provider.
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
