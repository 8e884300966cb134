import LeaseModel
import OpenStackClient

/// The expected outcome of each recorded situation, in the order of the recordings' names.
extension RecordedCase {
    static let all = device + refreshing + keystone + otherTypes + tools

    private static let device = [
        Self("01-discovery", [0], asking: true, then: .signedIn),
        Self("10-device-pending-then-success", asking: true, then: .signedIn),
        Self("11-device-pkce-s256", with: ["code_challenge_method": "S256"], asking: true, then: .signedIn),
        Self(
            "11b-device-pkce-plain-without-complete-uri", as: "v3oidcdeviceauthz",
            with: ["code_challenge_method": "plain"],
            asking: true, then: .signedIn),
        Self("11c-device-pkce-wrong-verifier", [0, 1], asking: true, then: refusedCode("Code challenge failed.")),
        Self(
            "11c-device-pkce-wrong-verifier", [0, 2], asking: true,
            then: refused("refuses the access token", "Missing 'code_verifier'")),
        Self("12-device-access-denied", asking: true, then: denied),
        Self("13-device-expired-token-raw", asking: true, then: tooLate),
        Self("13b-device-timeout-keystoneauth", asking: true, then: tooLate),
        Self("14-device-slow-down-raw", asking: true, then: .signedIn),
        Self("14b-device-slow-down-ends-keystoneauth", asking: true, then: .signedIn),
        Self("15-device-code-unknown-used-wrong-client", [0], asking: true, then: refusedCode("Device code not valid")),
        Self("15-device-code-unknown-used-wrong-client", [1, 2], asking: true, then: .signedIn),
        Self(
            "15-device-code-unknown-used-wrong-client", [1, 3], asking: true, then: refusedCode("Device code not valid")
        ),
        Self(
            "15-device-code-unknown-used-wrong-client", [4, 5], with: ["client_secret": "lab-client-secret"],
            asking: true,
            then: refused("a login of this kind", "check auth_type, client_id and client_secret")),
        Self(
            "15-device-code-unknown-used-wrong-client", [6], asking: true,
            then: refused("identity provider refuses", "Missing 'device_code'")),
        Self(
            "16-device-unknown-client", [0], with: ["client_id": "no-such-client"], asking: true,
            then: refused(#"the client "no-such-client""#, "check client_id and client_secret")),
        Self(
            "16-device-unknown-client", [1], with: ["client_id": "lab-confidential", "client_secret": "wrong"],
            asking: true,
            then: refused(#"the client "lab-confidential""#, "check client_id and client_secret")),
        Self(
            "16-device-unknown-client", [2], as: "v3oidcpassword", with: alice,
            then: refused("a login of this kind", "grant_type=password", "check auth_type")),
        Self("16-device-unknown-client", [3], asking: true, then: refused("a login of this kind", "check auth_type")),
        Self(
            "17-device-confidential-client", as: "v3oidcdeviceauthz", with: confidential, asking: true, then: .signedIn),
        Self("18-browser-wrong-password-and-code", asking: true, then: .signedIn),
    ]

    private static let refreshing = [
        Self("20-refresh-rotates-and-reuse", [0], then: .signedIn),
        Self("20-refresh-rotates-and-reuse", [1], then: .endedLogin),
        Self("20-refresh-rotates-and-reuse", [2], then: .endedLogin),
        Self("21-refresh-expired", then: .endedLogin),
        Self("22-refresh-revoked", [1], then: .endedLogin),
        // The login was for less than is requested now. It is used as it is.
        Self("23-refresh-scope-too-wide-unknown-other-client", [0], then: .signedIn),
        Self("23-refresh-scope-too-wide-unknown-other-client", [1], then: .endedLogin),
        Self("23-refresh-scope-too-wide-unknown-other-client", [2], then: .endedLogin),
        Self("24-refresh-without-rotation", [0], then: .signedIn),
        Self("24-refresh-without-rotation", [1], then: .signedIn),
    ]

    private static let keystone = [
        bearer("30-federated-unscoped", then: .signedIn),
        bearer("introspection/30-federated-unscoped", then: .signedIn),
        bearer("31-auth-projects", [0], then: .offered(["project1"])),
        bearer("31-auth-projects", [1], then: .offered(["project1", "project2"])),
        bearer("32-scope-to-project", [0], then: .signedIn),
        bearer("32-scope-to-project", [1], with: named("project1"), then: .signedIn),
        bearer(
            "33-scope-wrong-project", [0], with: ["project_id": "826be8e4501b42f184243b012a1ddc43"], then: notAMember),
        bearer(
            "33-scope-wrong-project", [1], with: ["project_id": "00000000000000000000000000000000"], then: notAMember),
        bearer("33-scope-wrong-project", [2], with: named("project2"), then: notAMember),
        Self(
            "34-rescope-scoped-token", as: "v3token", with: ["project_id": "826be8e4501b42f184243b012a1ddc43"],
            then: .signedInTo("project2")),
        // A token without a project is never sent to Blazar, which answers it with 500.
        bearer(
            "35-unscoped-token-at-blazar", [], with: ["project_id": ""],
            then: .refused(.configuration, .project, ["names no project: set project_id to one of", "(project1)"])),
        bearer("36-access-token-expired", [0], then: .stoppedByTheGateway),
        bearer("introspection/36-access-token-expired", [0], then: .stoppedByTheGateway),
        bearer("37-bearer-bad", [0], then: .stoppedByTheGateway),
        bearer("37-bearer-bad", [1], then: .stoppedByTheGateway),
        bearer("37-bearer-bad", [2], then: .stoppedByTheGateway),
        bearer("37-bearer-bad", [3], then: .stoppedByTheGateway),
        bearer("introspection/37-bearer-bad", [0], then: .stoppedByTheGateway),
        bearer("introspection/37-bearer-bad", [1], then: .stoppedByTheGateway),
        bearer("introspection/37-bearer-bad", [2], then: .stoppedByTheGateway),
        bearer("introspection/37-bearer-bad", [3], then: .stoppedByTheGateway),
        bearer("38-access-token-revoked", [1], then: .signedIn),
        bearer("introspection/38-access-token-revoked", [1], then: .stoppedByTheGateway),
        bearer("39-id-token-as-bearer", then: .signedIn),
        bearer("introspection/39-id-token-as-bearer", then: .stoppedByTheGateway),
        bearer(
            "40-unknown-idp-and-protocol", [0], with: ["identity_provider": "nosuchidp"],
            then: .refused(
                .configuration, .federation,
                [#"knows no identity provider "nosuchidp""#, "correct identity_provider"])),
        bearer(
            "40-unknown-idp-and-protocol", [1], with: ["protocol": "saml2"],
            then: .refused(.configuration, .federation, [#"does not know the protocol "saml2""#, "correct protocol"])),
        bearer(
            "42-mapping-matches-nobody", then: .refused(.authentication, .federation, ["no rule of its mapping fits"])),
        bearer(
            "43-mapping-gives-no-project", with: ["identity_provider": "nogroup"],
            then: .refused(.authentication, .project, ["not a member of the project", "offers you no project at all"])),
        bearer("44-idp-disabled", [0], then: anotherIssuer),
        Self("44-idp-disabled", [1], as: "v3token", then: .refused(.authentication, nil, ["Keystone denies access"])),
        bearer("45-other-issuer", then: anotherIssuer),
        bearer("46-mapping-deleted", then: .refused(.configuration, .federation, ["lacks the mapping"])),
        bearer("47-federated-get-instead-of-post", then: .signedIn),
        bearer("48-scoped-token-details", [2], then: .reads),
    ]

    private static let otherTypes = [
        Self("50-v3oidcpassword", as: "v3oidcpassword", with: alice.and(confidential), then: .signedIn),
        Self(
            "51-v3oidcpassword-wrong", as: "v3oidcpassword", with: alice.and(confidential).and(["password": "wrong"]),
            then: refused(
                #"the password of user "alice""#, "Invalid user credentials", "check username and password")),
        Self(
            "52-v3oidcclientcredentials", as: "v3oidcclientcredentials", with: confidential,
            then: .refused(.authentication, .federation, ["no rule of its mapping fits"])),
        bearer("53-v3oidcaccesstoken", with: named("project1"), then: .signedIn),
        Self("54-v3oidcauthcode", [0, 1, 2], as: "v3oidcauthcode", with: confidential.and(callback), then: .signedIn),
        Self(
            "54-v3oidcauthcode", [3, 4], as: "v3oidcauthcode", with: confidential.and(callback),
            then: refused("the code: it has expired, was used before", "get a new one")),
        Self(
            "56-access-token-type-id-token", as: "v3oidcdeviceauthz", with: ["access_token_type": "id_token"],
            asking: true,
            then: .signedIn),
        Self("57-loader-passes-none", as: "v3oidcpassword", with: alice.and(confidential), then: .signedIn),
        Self(
            "58-discovery-unreachable-or-bad", [0], with: provider("/auth/realms/chameleon/nothing-here"), asking: true,
            then: .refused(.configuration, .discovery, ["not at that address", "correct discovery_endpoint"])),
        Self(
            "58-discovery-unreachable-or-bad", [1], with: provider("/lab/settings"), asking: true,
            then: .refused(
                .configuration, .provider,
                ["names no device_authorization_endpoint: set device_authorization_endpoint"])),
        Self(
            "58-discovery-unreachable-or-bad", [2], with: provider("/auth/realms/chameleon/device"), asking: true,
            then: .refused(.configuration, .discovery, ["it is no JSON"])),
        // keystoneauth asks the person again; here the recent login is used.
        Self("59-revoked-keystone-token-asks-again", [0, 1, 2, 3, 4, 5, 6, 12], asking: true, then: .reads),
    ]

    private static let tools = [
        Self("60-ccauth-first-login", asking: true, then: .signedIn),
        Self("61-ccauth-second-login-is-silent", then: .signedIn),
        Self("62-ccauth-clouds-yaml", then: .offered(["project1"])),
        Self("63-openstack-token-issue", with: usualScope, then: .signedIn),
        Self("63b-openstack-after-ccauth-login-strict-scopes", [0, 1, 2, 3, 4], asking: true, then: .signedIn),
        // The OpenStack client asks the person again.
        Self("63b-openstack-after-ccauth-login-strict-scopes", [5, 6], with: usualScope, then: .signedIn),
        Self("63b-openstack-after-ccauth-login-strict-scopes", [10, 11, 12, 13], then: .signedIn),
        Self("64-openstack-lease-list", [0, 1, 2, 3, 4, 5, 6], with: usualScope, asking: true, then: .reads),
        Self("64-openstack-lease-list", [7, 8, 9, 10, 11], with: usualScope, then: .reads),
        Self("65-ccauth-refresh-expired-falls-back", [0, 1, 2], then: .signedIn),
        Self("65-ccauth-refresh-expired-falls-back", [3, 4, 5, 6, 7, 8], asking: true, then: .signedIn),
        Self("65-ccauth-refresh-expired-falls-back", [3, 4], then: .endedLogin),
        Self("66-ccauth-denied", asking: true, then: denied),
        Self("67-cc-login-appcred", [0, 1, 2, 3, 4, 5], asking: true, then: .signedIn),
        Self("67-cc-login-appcred", [7, 8], as: "v3applicationcredential", then: .reads),
        Self("68-ccauth-os-variables", with: usualScope, then: .signedIn),
        Self("69-stale-refresh-token-in-the-cache", [0, 1, 2, 3, 4], asking: true, then: .signedIn),
        Self("69-stale-refresh-token-in-the-cache", [5, 6, 7], then: .signedIn),
        Self("69-stale-refresh-token-in-the-cache", [8, 9], then: .endedLogin),
        Self("69-stale-refresh-token-in-the-cache", [8, 9, 10, 11, 12], asking: true, then: .signedIn),
        Self("69-stale-refresh-token-in-the-cache", [13, 14], then: .endedLogin),
        notebook("70-jupyterhub", [0, 2, 3, 4], then: .reads),
        notebook(
            "70-jupyterhub", [1],
            then: .refused(.authentication, .provider, ["JUPYTERHUB_API_TOKEN", "restart the notebook server"])),
        Self("70-jupyterhub", [5], as: "v3token", then: .signedIn),
        bearer("71-jupyterhub-python-chi", with: named("project1").and(["access_token": ""]), then: .reads),
        bearer("80-leases-list-create-delete", [1], then: .reads),
        bearer("81-leases-with-group-mapping", [0, 1], then: .warned("Could not find role")),
        bearer("81-leases-with-group-mapping", [5, 6], then: .warned("Could not find role")),
    ]

    // MARK: Shared values

    private static let alice = ["username": "alice", "password": "labsecret"]
    private static let confidential = ["client_id": "lab-confidential", "client_secret": "lab-client-secret"]
    private static let callback = ["redirect_uri": "http://127.0.0.1:18099/callback"]
    /// ccauth writes no scope into clouds.yaml.
    private static let usualScope = ["openid_scope": ""]

    private static func named(_ project: String) -> [String: String] {
        ["project_id": "", "project_name": project, "project_domain_name": "chameleon"]
    }

    private static func provider(_ path: String) -> [String: String] {
        ["discovery_endpoint": "http://127.0.0.1:18080\(path)"]
    }

    /// With an access token from elsewhere.
    private static func bearer(
        _ recording: String, _ indexes: [Int]? = nil, with settings: [String: String] = [:], then outcome: Outcome
    ) -> RecordedCase {
        RecordedCase(recording, indexes, as: "v3oidcaccesstoken", with: settings, then: outcome)
    }

    /// With an access token that only a hub has.
    private static func notebook(_ recording: String, _ indexes: [Int]? = nil, then outcome: Outcome) -> RecordedCase {
        bearer(recording, indexes, with: ["access_token": ""], then: outcome)
    }

    private static func refused(_ words: String...) -> Outcome { .refused(.authentication, .provider, words) }
    private static func refusedCode(_ words: String) -> Outcome {
        refused("refuses the code of this login", words, "begin again: leasehold login lab")
    }

    private static let denied = refused("the login was denied in the browser", "begin again: leasehold login lab")
    private static let tooLate = refused("its code has expired", "begin again: leasehold login lab")
    private static let notAMember = Outcome.refused(
        .authentication, .project, ["not a member of the project", "(project1)"])
    private static let anotherIssuer = Outcome.refused(
        .authentication, .federation, ["it is disabled, or the access token is of another issuer"])
}

extension [String: String] {
    fileprivate func and(_ more: [String: String]) -> [String: String] { merging(more) { $1 } }
}
