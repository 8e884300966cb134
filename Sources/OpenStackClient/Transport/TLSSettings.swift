/// How a cloud's certificate is checked, and which certificate the client presents.
package struct TLSSettings: Sendable, Hashable {
    /// Whether the server's certificate is checked at all (`verify` and `insecure` of clouds.yaml).
    package var verifiesServer: Bool
    /// The file or folder of certificates to trust instead of the system's, as an absolute path.
    package var certificateAuthorityPath: String?
    /// The client's own certificate chain in PEM, as an absolute path.
    package var clientCertificatePath: String?
    /// The key of the client's certificate in PEM; if absent, the certificate's own file has it.
    package var clientKeyPath: String?

    package init(
        verifiesServer: Bool = true, certificateAuthorityPath: String? = nil, clientCertificatePath: String? = nil,
        clientKeyPath: String? = nil
    ) {
        self.verifiesServer = verifiesServer
        self.certificateAuthorityPath = certificateAuthorityPath
        self.clientCertificatePath = clientCertificatePath
        self.clientKeyPath = clientKeyPath
    }
}
