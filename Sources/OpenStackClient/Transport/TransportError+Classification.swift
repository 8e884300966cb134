import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension TransportError {
    /// Sorts an error of the libraries below into a kind a person can act on.
    init(classifying error: any Error) {
        self =
            switch error {
            case let error as TransportError: error
            case is CancellationError: TransportError(kind: .cancelled, detail: "")
            case let error as HTTPClientError: Self.sorted(error)
            case let error as NIOConnectionError: Self.sorted(error)
            case let error as HTTPParserError: Self.sorted(error)
            case let error as NIOSSLError: Self.sorted(error)
            case let error as NIOSSLExtraError: TransportError(kind: .tlsFailed, detail: error.description)
            case let error as BoringSSLError: TransportError(kind: .tlsFailed, detail: Self.text(error))
            case let error as IOError: Self.sorted(error)
            case let error as ChannelError: Self.sorted(error)
            case is SocketAddressError: TransportError(kind: .cannotResolve, detail: "")
            default: TransportError(kind: .other, detail: String(describing: type(of: error)))
            }
    }

    private static func sorted(_ error: HTTPClientError) -> TransportError {
        let detail = error.shortDescription
        return switch error {
        case .readTimeout: TransportError(kind: .timedOut, detail: "nothing arrived")
        case .connectTimeout, .getConnectionFromPoolTimeout: TransportError(kind: .timedOut, detail: "while connecting")
        case .tlsHandshakeTimeout: TransportError(kind: .timedOut, detail: "during the TLS handshake")
        case .writeTimeout, .deadlineExceeded, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            TransportError(kind: .timedOut, detail: detail)
        case .remoteConnectionClosed: TransportError(kind: .closedEarly, detail: "")
        case .cancelled, .requestStreamCancelled: TransportError(kind: .cancelled, detail: "")
        case .uncleanShutdown: TransportError(kind: .closedEarly, detail: detail)
        case .proxyAuthenticationRequired: TransportError(kind: .cannotConnect, detail: "the proxy wants a password")
        case .invalidProxyResponse: TransportError(kind: .cannotConnect, detail: "the proxy refused")
        case .invalidURL, .emptyHost, .emptyScheme: TransportError(kind: .other, detail: "not a URL of a server")
        default: TransportError(kind: .other, detail: detail)
        }
    }

    private static func sorted(_ error: NIOConnectionError) -> TransportError {
        guard let first = error.connectionErrors.first?.error else {
            return TransportError(kind: .cannotResolve, detail: "\(error.host)")
        }
        let reason = TransportError(classifying: first)
        let place = "\(error.host) port \(error.port)"
        return switch reason.kind {
        case .timedOut: TransportError(kind: .timedOut, detail: "while connecting to \(place)")
        default: TransportError(kind: .cannotConnect, detail: "\(place): \(reason.detail)")
        }
    }

    private static func sorted(_ error: HTTPParserError) -> TransportError {
        error == .invalidEOFState
            ? TransportError(kind: .closedEarly, detail: "") : TransportError(kind: .notHTTP, detail: "\(error)")
    }

    private static func sorted(_ error: NIOSSLError) -> TransportError {
        switch error {
        case .handshakeFailed(let reason): TransportError(kind: .tlsFailed, detail: text(reason))
        case .uncleanShutdown: TransportError(kind: .closedEarly, detail: "without a TLS goodbye")
        default: TransportError(kind: .tlsFailed, detail: "\(error)")
        }
    }

    private static func text(_ error: BoringSSLError) -> String {
        guard case .sslError(let stack) = error else { return "\(error)" }
        let text = stack.map(\.description).joined(separator: ", ")
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "the server does not speak TLS on this port: use http:// or another port"
        }
        // BoringSSL's text reads "… routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /file:1": the name is enough.
        let names = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.filter {
            $0.contains("_") && $0 == $0.uppercased()
        }
        return names.isEmpty ? text : names.joined(separator: ", ")
    }

    private static func sorted(_ error: IOError) -> TransportError {
        switch error.errnoCode {
        case ECONNREFUSED: TransportError(kind: .cannotConnect, detail: "connection refused")
        case ENETUNREACH: TransportError(kind: .cannotConnect, detail: "the network cannot be reached")
        case EHOSTUNREACH: TransportError(kind: .cannotConnect, detail: "the host cannot be reached")
        case EADDRNOTAVAIL: TransportError(kind: .cannotConnect, detail: "no such address")
        case ETIMEDOUT: TransportError(kind: .timedOut, detail: "while connecting")
        case ECONNRESET, EPIPE: TransportError(kind: .closedEarly, detail: "connection reset")
        default: TransportError(kind: .other, detail: error.description)
        }
    }

    private static func sorted(_ error: ChannelError) -> TransportError {
        switch error {
        case .connectTimeout: TransportError(kind: .timedOut, detail: "while connecting")
        case .eof, .inputClosed, .outputClosed, .alreadyClosed, .ioOnClosedChannel:
            TransportError(kind: .closedEarly, detail: "")
        default: TransportError(kind: .other, detail: "\(error)")
        }
    }
}
