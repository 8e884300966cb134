import LeaseModel
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

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
