import LeaseModel
import LocalFiles
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

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

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension TLSSettings {
    /// The settings in the form that the TLS library needs.
    ///
    /// Files are read here, once, so that the error for a missing file names that file instead of being a failed
    /// handshake.
    ///
    /// - Throws: ``ServiceError`` of kind `configuration` that names the file.
    func makeConfiguration() throws(ServiceError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !verifiesServer {
            configuration.certificateVerification = .none
        } else if let path = certificateAuthorityPath {
            configuration.trustRoots = try trustRoots(path)
        }
        if let path = clientCertificatePath {
            configuration.certificateChain = try certificates(path, option: "cert").map { .certificate($0) }
            let keyPath = clientKeyPath ?? path
            let bytes = try bytes(of: keyPath, option: "key")
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: bytes, format: .pem))
            } catch {
                throw Self.notPEM(keyPath, option: "key", content: "private key without a passphrase")
            }
        }
        return configuration
    }

    private func trustRoots(_ path: String) throws(ServiceError) -> NIOSSLTrustRoots {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory { return .file(path) }
        return .certificates(try certificates(path, option: "cacert"))
    }

    private func certificates(_ path: String, option: String) throws(ServiceError) -> [NIOSSLCertificate] {
        let bytes = try bytes(of: path, option: option)
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw Self.notPEM(path, option: option, content: "certificate")
        }
        guard !found.isEmpty else { throw Self.notPEM(path, option: option, content: "certificate") }
        return found
    }

    private func bytes(of path: String, option: String) throws(ServiceError) -> [UInt8] {
        do {
            return try ConfigurationSearch.bytes(of: path)
        } catch .missing {
            throw ServiceError(
                kind: .configuration,
                message: "the \(option) file \(path.escapedForTerminal) does not exist: correct \(option) in "
                    + "clouds.yaml or OS_\(option.uppercased())\(option == "cacert" ? " or SSL_CERT_FILE" : "")")
        } catch {
            throw ServiceError(
                kind: .configuration,
                message: "the \(option) file \(path.escapedForTerminal) cannot be read (\(error.clause)): give "
                    + "yourself read permission on it or point \(option) at another file")
        }
    }

    private static func notPEM(_ path: String, option: String, content: String) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: "the \(option) file \(path.escapedForTerminal) holds no \(content) in PEM format "
                + "(\"-----BEGIN …\"): point \(option) at such a file")
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds out why a server's certificate was refused.
///
/// The TLS library says only that verification failed. The probe repeats the handshake, looks at the certificate, and
/// closes the connection before anything is sent.
struct CertificateProbe {
    let now: Timestamp

    /// What is wrong with the certificate of the URL's server; `nil` if that cannot be determined.
    func explanation(url: String) async -> String? {
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "https", let host = parts.host,
            let leaf = await certificate(host: host, port: parts.port ?? 443)
        else { return nil }
        return explanation(
            notBefore: Timestamp(secondsSince1970: Int64(leaf.notValidBefore)),
            notAfter: Timestamp(secondsSince1970: Int64(leaf.notValidAfter)))
    }

    func explanation(notBefore: Timestamp, notAfter: Timestamp) -> String {
        if now > notAfter { return "it expired on \(notAfter)" }
        if now < notBefore { return "it is not valid before \(notBefore); this computer's clock says \(now)" }
        return "it is signed by itself or by an authority that is not trusted here, or it is for another host name"
    }

    private func certificate(host: String, port: Int) async -> NIOSSLCertificate? {
        let seen = Seen()
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
                    let handler = try NIOSSLClientHandler(
                        context: NIOSSLContext(configuration: .makeClientConfiguration()),
                        serverHostname: isAddress ? nil : host,
                        customVerificationCallback: { chain, promise in
                            seen.leaf.withLock { $0 = chain.first }
                            promise.succeed(.failed)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        guard let channel = try? await bootstrap.connect(host: host, port: port).get() else { return nil }
        let timeout = channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        try? await channel.closeFuture.get()
        timeout.cancel()
        return seen.leaf.withLock { $0 }
    }

    private final class Seen: Sendable {
        let leaf = Mutex<NIOSSLCertificate?>(nil)
    }
}
