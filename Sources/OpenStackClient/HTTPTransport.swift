/// Sends one HTTP request and returns the head of the reply while its body is still arriving.
///
/// This is the only way to the network. AsyncHTTPClient is behind it; tests provide their own implementations.
package protocol HTTPTransport: Sendable {
    /// Sends the request and returns once the head of the reply has arrived.
    ///
    /// - Throws: ``TransportError`` if there is no reply. A reply with any status is a reply.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply
}

/// A complete HTTP request.
package struct HTTPRequest: Sendable {
    package var method: String
    /// The absolute URL, percent-encoded.
    package var url: String
    package var headers: HTTPFields
    package var body: [UInt8]?
    package var timeouts: HTTPTimeouts

    package init(
        method: String, url: String, headers: HTTPFields = [:], body: [UInt8]? = nil, timeouts: HTTPTimeouts = .init()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
    }
}

/// How long to wait, in seconds.
package struct HTTPTimeouts: Sendable, Hashable {
    /// For a connection.
    package var connectSeconds: Int
    /// For the head of the reply, and then between any two parts of its body.
    package var idleSeconds: Int
    /// For the whole head of the reply, counted from the start of the request, and again for its body. A body that
    /// makes progress gets more time, however long it is.
    package var totalSeconds: Int

    /// When a Blazar manager is stopped, its API waits 60 s and then answers 500. Waiting a little longer gets that
    /// answer and its request id.
    package init(connectSeconds: Int = 10, idleSeconds: Int = 75, totalSeconds: Int = 90) {
        self.connectSeconds = connectSeconds
        self.idleSeconds = idleSeconds
        self.totalSeconds = totalSeconds
    }
}

/// HTTP header fields. Names are compared case-insensitively.
package struct HTTPFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package private(set) var fields: [Field] = []

    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package init() {}
    package init(dictionaryLiteral elements: (String, String)...) { for (name, value) in elements { add(name, value) } }

    /// Adds a field and keeps those with the same name.
    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The first value of the field with this name. Setting it replaces all fields with this name.
    package subscript(name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { add(name, newValue) }
        }
    }
}

/// An HTTP reply whose body is still arriving.
package struct HTTPReply: Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let body: HTTPBody

    package init(status: Int, headers: HTTPFields, body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A body that is still arriving, in parts of any size. It can be read once.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = TransportError

    private let makeNext: @Sendable () -> @Sendable () async throws(TransportError) -> [UInt8]?

    /// Makes a body. The argument returns a function that returns the next part, and `nil` at the end.
    ///
    /// `nil` means that the body is complete: a body that ends too early throws ``TransportError``.
    package init(_ makeNext: @escaping @Sendable () -> @Sendable () async throws(TransportError) -> [UInt8]?) {
        self.makeNext = makeNext
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let nextPart: @Sendable () async throws(TransportError) -> [UInt8]?
        package mutating func next() async throws(TransportError) -> [UInt8]? { try await nextPart() }
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
            try await nextPart()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextPart: makeNext()) }

    /// The whole body, up to a limit in bytes.
    ///
    /// - Throws: ``TransportError`` of kind `bodyTooLarge` beyond the limit.
    package func collect(upTo limit: Int = 16 << 20) async throws(TransportError) -> [UInt8] {
        var collected: [UInt8] = []
        var parts = makeAsyncIterator()
        while let part = try await parts.next() {
            collected.append(contentsOf: part)
            guard collected.count <= limit else {
                throw TransportError(kind: .bodyTooLarge, phase: .underWay, detail: "\(limit) bytes")
            }
        }
        return collected
    }
}

/// Why there is no reply, or only a part of one.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong. It says nothing about how far the request got: see ``Phase``.
    package enum Kind: String, Sendable, CaseIterable {
        case cannotResolve = "the host name cannot be resolved"
        case cannotConnect = "no connection"
        case tlsFailed = "the server's certificate is not accepted"
        case tlsBroken = "the encrypted connection broke"
        case timedOut = "no answer in time"
        case closedEarly = "the connection was closed before the answer was complete"
        case notHTTP = "the answer is not HTTP"
        case bodyTooLarge = "the answer is larger than allowed"
        case cancelled = "cancelled"
        case other = "the connection failed"
    }

    /// How far the request got before it failed.
    package enum Phase: String, Sendable, CaseIterable {
        /// No byte of the request was written: the server cannot have executed it.
        case beforeSending
        /// The request, or a part of it, may have reached the server, which may have executed it.
        case underWay
    }

    package let kind: Kind
    package let phase: Phase
    /// The details, from the library below. They contain no secret.
    package let detail: String

    package init(kind: Kind, phase: Phase, detail: String) {
        self.kind = kind
        self.phase = phase
        self.detail = detail
    }

    package var description: String { detail.isEmpty ? kind.rawValue : "\(kind.rawValue) (\(detail))" }
}
