import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import OpenStackClient

/// The errors of the libraries below, and the message for each.
@Suite struct TransportErrorTests {
    struct Row: CustomTestStringConvertible {
        let error: any Error
        let kind: TransportError.Kind

        var testDescription: String { "\(error)" }
    }

    private struct Unheard: Error {}

    static let table: [Row] = other + client + system + channel + parser + tls

    private static func rows<E: Error>(_ errors: [(E, TransportError.Kind)]) -> [Row] {
        errors.map { Row(error: $0.0, kind: $0.1) }
    }

    private static let other = [
        Row(error: CancellationError(), kind: .cancelled), Row(error: Unheard(), kind: .other),
        Row(error: SocketAddressError.unixDomainSocketPathTooLong, kind: .cannotResolve),
    ]

    private static let client = rows([
        (HTTPClientError.readTimeout, .timedOut), (HTTPClientError.connectTimeout, .timedOut),
        (HTTPClientError.tlsHandshakeTimeout, .timedOut), (HTTPClientError.getConnectionFromPoolTimeout, .timedOut),
        (HTTPClientError.writeTimeout, .timedOut), (HTTPClientError.deadlineExceeded, .timedOut),
        (HTTPClientError.httpProxyHandshakeTimeout, .timedOut), (HTTPClientError.socksHandshakeTimeout, .timedOut),
        (HTTPClientError.remoteConnectionClosed, .closedEarly), (HTTPClientError.uncleanShutdown, .closedEarly),
        (HTTPClientError.cancelled, .cancelled), (HTTPClientError.requestStreamCancelled, .cancelled),
        (HTTPClientError.proxyAuthenticationRequired, .cannotConnect),
        (HTTPClientError.invalidProxyResponse, .cannotConnect), (HTTPClientError.invalidURL, .other),
        (HTTPClientError.emptyHost, .other), (HTTPClientError.emptyScheme, .other),
        (HTTPClientError.alreadyShutdown, .other),
    ])

    private static let system = rows([
        (IOError(errnoCode: ECONNREFUSED, reason: ""), .cannotConnect),
        (IOError(errnoCode: ENETUNREACH, reason: ""), .cannotConnect),
        (IOError(errnoCode: EHOSTUNREACH, reason: ""), .cannotConnect),
        (IOError(errnoCode: EADDRNOTAVAIL, reason: ""), .cannotConnect),
        (IOError(errnoCode: ETIMEDOUT, reason: ""), .timedOut),
        (IOError(errnoCode: ECONNRESET, reason: ""), .closedEarly),
        (IOError(errnoCode: EPIPE, reason: ""), .closedEarly), (IOError(errnoCode: EMFILE, reason: ""), .other),
    ])

    private static let channel = rows([
        (ChannelError.connectTimeout(.seconds(1)), .timedOut), (ChannelError.eof, .closedEarly),
        (ChannelError.inputClosed, .closedEarly), (ChannelError.outputClosed, .closedEarly),
        (ChannelError.alreadyClosed, .closedEarly), (ChannelError.ioOnClosedChannel, .closedEarly),
        (ChannelError.operationUnsupported, .other),
    ])

    private static let parser = rows([
        (HTTPParserError.invalidEOFState, .closedEarly), (HTTPParserError.invalidStatus, .notHTTP),
        (HTTPParserError.headerOverflow, .notHTTP), (HTTPParserError.invalidChunkSize, .notHTTP),
    ])

    private static let tls = [
        Row(error: NIOSSLError.handshakeFailed(.sslError([])), kind: .tlsFailed),
        Row(error: NIOSSLError.uncleanShutdown, kind: .closedEarly),
        Row(error: NIOSSLError.writeDuringTLSShutdown, kind: .tlsFailed),
        Row(error: NIOSSLExtraError.failedToValidateHostname, kind: .tlsFailed),
        Row(error: BoringSSLError.sslError([]), kind: .tlsFailed),
        Row(error: BoringSSLError.zeroReturn, kind: .tlsFailed),
    ]

    @Test("The error decides the kind, the connection decides the phase", arguments: table)
    func kinds(row: Row) {
        let before = TransportError(classifying: row.error, phase: .beforeSending)
        #expect(before.kind == row.kind)
        #expect(before.phase == .beforeSending)
        let underWay = TransportError(classifying: row.error, phase: .underWay)
        #expect(underWay.kind == (row.kind == .tlsFailed ? .tlsBroken : row.kind))
        #expect(underWay.phase == .underWay)
    }

    @Test func tableHasEveryKind() {
        // `tlsBroken` comes only from a broken connection, `bodyTooLarge` only from a reader.
        let kinds = Set(Self.table.map(\.kind)).union([.tlsBroken, .bodyTooLarge])
        #expect(kinds == Set(TransportError.Kind.allCases))
    }
}
