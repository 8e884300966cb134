import LeaseModel
import LocalFiles
import NIOSSL

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
