package import LeaseModel

extension ChameleonLogin {
    /// The login of a configured cloud; `nil` if the cloud uses another kind of login.
    package init?(_ cloud: CloudConfiguration) {
        guard case .federated(let endpoint, .grant(let client, .device)) = cloud.credentials, client.secret == nil,
            let discovery = client.discoveryEndpoint, cloud.authType == AuthType.v3chameleonoidc.rawValue
        else { return nil }
        self.init(
            authURL: cloud.authURL, region: cloud.region, project: cloud.project?.text, discoveryEndpoint: discovery,
            clientID: client.id, identityProvider: endpoint.identityProvider, protocolName: endpoint.protocolName)
    }
}
