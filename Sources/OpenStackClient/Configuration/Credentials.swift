/// What proves to Keystone who is asking.
package enum Credentials: Sendable, Hashable {
    /// `password`, `v3password`
    case password(user: UserReference, password: Secret)
    /// `v3applicationcredential`
    case applicationCredential(ApplicationCredentialReference, secret: Secret)
    /// `token`, `v3token`
    case token(Secret)
    /// `v3oidcpassword`
    case oidcPassword(FederationEndpoint, OIDCPasswordGrant)
    /// `v3oidcaccesstoken`
    case oidcAccessToken(FederationEndpoint, accessToken: Secret)

    /// Every secret in it, so that a server's words can be cleared of them.
    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .applicationCredential(_, let secret), .token(let secret),
            .oidcAccessToken(_, let secret):
            [secret]
        case .oidcPassword(_, let grant): [grant.password] + (grant.clientSecret.map { [$0] } ?? [])
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

/// OAuth 2.0's password grant (RFC 6749, section 4.3), as keystoneauth's `OidcPassword` uses it.
package struct OIDCPasswordGrant: Sendable, Hashable {
    package var userName: String
    package var password: Secret
    package var clientID: String
    package var clientSecret: Secret?
    package var scope: String
    /// Which member of the provider's answer is shown to Keystone: `access_token` or `id_token`.
    package var accessTokenType: String
    /// Where tokens are given; wins over what discovery says.
    package var accessTokenEndpoint: String?
    /// Where the provider describes itself, `…/.well-known/openid-configuration`.
    package var discoveryEndpoint: String?

    package init(
        userName: String, password: Secret, clientID: String, clientSecret: Secret? = nil,
        scope: String = "openid profile", accessTokenType: String = "access_token", accessTokenEndpoint: String? = nil,
        discoveryEndpoint: String? = nil
    ) {
        self.userName = userName
        self.password = password
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.accessTokenType = accessTokenType
        self.accessTokenEndpoint = accessTokenEndpoint
        self.discoveryEndpoint = discoveryEndpoint
    }
}
