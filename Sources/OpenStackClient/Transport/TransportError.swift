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

/// What a person needs to know about an error of the libraries below, in any phase.
struct TransportFault: Equatable {
    var kind: TransportError.Kind
    var detail = ""
}

extension TransportError {
    /// Classifies an error of the libraries below.
    ///
    /// - Parameters:
    ///   - error: the error.
    ///   - phase: how far the request had got, as observed on its connection.
    init(classifying error: any Error, phase: Phase) {
        if let error = error as? TransportError {
            self = error
            return
        }
        var fault = TransportFault(error)
        // Certificates are verified before the first request. Later TLS errors come from the connection.
        if fault.kind == .tlsFailed, phase == .underWay { fault.kind = .tlsBroken }
        self.init(kind: fault.kind, phase: phase, detail: fault.detail)
    }
}

extension TransportFault {
    init(_ error: any Error) {
        self =
            switch error {
            case is CancellationError: TransportFault(kind: .cancelled)
            case let error as HTTPClientError: Self.sorted(error)
            case let error as NIOConnectionError: Self.sorted(error)
            case let error as HTTPParserError: Self.sorted(error)
            case let error as NIOSSLError: Self.sorted(error)
            case let error as NIOSSLExtraError: TransportFault(kind: .tlsFailed, detail: error.description)
            case let error as BoringSSLError: TransportFault(kind: .tlsFailed, detail: Self.text(error))
            case let error as IOError: Self.sorted(error)
            case let error as ChannelError: Self.sorted(error)
            case is SocketAddressError, is SocketAddressError.UnknownHost: TransportFault(kind: .cannotResolve)
            default: TransportFault(kind: .other, detail: String(describing: type(of: error)))
            }
    }

    private static func sorted(_ error: HTTPClientError) -> TransportFault {
        let detail = error.shortDescription
        return switch error {
        case .readTimeout: TransportFault(kind: .timedOut, detail: "nothing arrived")
        case .connectTimeout, .getConnectionFromPoolTimeout: TransportFault(kind: .timedOut, detail: "while connecting")
        case .tlsHandshakeTimeout: TransportFault(kind: .timedOut, detail: "during the TLS handshake")
        case .deadlineExceeded: TransportFault(kind: .timedOut, detail: "its head did not end")
        case .writeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            TransportFault(kind: .timedOut, detail: detail)
        case .remoteConnectionClosed: TransportFault(kind: .closedEarly)
        case .cancelled, .requestStreamCancelled: TransportFault(kind: .cancelled)
        case .uncleanShutdown: TransportFault(kind: .closedEarly, detail: detail)
        case .proxyAuthenticationRequired: TransportFault(kind: .cannotConnect, detail: "the proxy wants a password")
        case .invalidProxyResponse: TransportFault(kind: .cannotConnect, detail: "the proxy refused")
        case .invalidURL, .emptyHost, .emptyScheme: TransportFault(kind: .other, detail: "not a URL of a server")
        default: TransportFault(kind: .other, detail: detail)
        }
    }

    private static func sorted(_ error: NIOConnectionError) -> TransportFault {
        guard let first = error.connectionErrors.first?.error else {
            return TransportFault(kind: .cannotResolve, detail: "\(error.host)")
        }
        let reason = TransportFault(first)
        let place = "\(error.host) port \(error.port)"
        return switch reason.kind {
        case .timedOut: TransportFault(kind: .timedOut, detail: "while connecting to \(place)")
        default: TransportFault(kind: .cannotConnect, detail: "\(place): \(reason.detail)")
        }
    }

    private static func sorted(_ error: HTTPParserError) -> TransportFault {
        error == .invalidEOFState
            ? TransportFault(kind: .closedEarly) : TransportFault(kind: .notHTTP, detail: "\(error)")
    }

    private static func sorted(_ error: NIOSSLError) -> TransportFault {
        switch error {
        case .handshakeFailed(let reason): TransportFault(kind: .tlsFailed, detail: text(reason))
        case .uncleanShutdown: TransportFault(kind: .closedEarly, detail: "without a TLS goodbye")
        default: TransportFault(kind: .tlsFailed, detail: "\(error)")
        }
    }

    private static func text(_ error: BoringSSLError) -> String {
        guard case .sslError(let stack) = error else { return "\(error)" }
        let text = stack.map(\.description).joined(separator: ", ")
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "the server does not speak TLS on this port: use http:// or another port"
        }
        // BoringSSL's text reads "… routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /file:1". Only the name is
        // used.
        let names = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.filter {
            $0.contains("_") && $0 == $0.uppercased()
        }
        return names.isEmpty ? text : names.joined(separator: ", ")
    }

    private static func sorted(_ error: IOError) -> TransportFault {
        switch error.errnoCode {
        case ECONNREFUSED: TransportFault(kind: .cannotConnect, detail: "connection refused")
        case ENETUNREACH: TransportFault(kind: .cannotConnect, detail: "the network cannot be reached")
        case EHOSTUNREACH: TransportFault(kind: .cannotConnect, detail: "the host cannot be reached")
        case EADDRNOTAVAIL: TransportFault(kind: .cannotConnect, detail: "no such address")
        case ETIMEDOUT: TransportFault(kind: .timedOut, detail: "the other side does not react")
        case ECONNRESET, EPIPE: TransportFault(kind: .closedEarly, detail: "connection reset")
        default: TransportFault(kind: .other, detail: error.description)
        }
    }

    private static func sorted(_ error: ChannelError) -> TransportFault {
        switch error {
        case .connectTimeout: TransportFault(kind: .timedOut, detail: "while connecting")
        case .eof, .inputClosed, .outputClosed, .alreadyClosed, .ioOnClosedChannel:
            TransportFault(kind: .closedEarly)
        default: TransportFault(kind: .other, detail: "\(error)")
        }
    }
}
