package import LeaseModel
internal import OpenStackClient

/// Sends a request and reads its whole reply. All clients in this module use it, except for the list of leases.
struct ServiceCaller: Sendable {
    let session: any ServiceSession
    let now: @Sendable () -> Timestamp

    /// The largest body to read, in bytes. No answer except the list of leases comes near it.
    static var bodyLimit: Int { 64 << 20 }
    /// The largest body of a refusal to read, in bytes.
    static var failureLimit: Int { 256 << 10 }

    /// Sends the request and returns its reply, read to the end.
    ///
    /// - Throws: ``ServiceError`` if there is no reply, or if it was cut short.
    func call(_ request: ServiceRequest) async throws(ServiceError) -> CallReply {
        let reply = try await session.send(request)
        let isRefusal = !(200..<300).contains(reply.status)
        let body: [UInt8]
        do {
            body = isRefusal ? await failureBody(of: reply) : try await reply.http.body.collect(upTo: Self.bodyLimit)
        } catch {
            throw ServiceError(
                kind: .transport(error.kind, error.phase),
                message: "The answer to \(reply.requestLine) broke off: \(error).", requestID: reply.requestID)
        }
        return CallReply(request: request, reply: reply, body: body, retryAfter: retryAfter(reply))
    }

    /// Why a reply whose body has not been read yet cannot be used.
    func failure(of reply: ServiceReply, to request: ServiceRequest) async -> ServerFailure {
        let body = await failureBody(of: reply)
        return CallReply(request: request, reply: reply, body: body, retryAfter: retryAfter(reply)).failure()
    }

    /// Reads the body of a refusal as far as it arrives. A refusal counts even if its body is cut short.
    private func failureBody(of reply: ServiceReply) async -> [UInt8] {
        var collected: [UInt8] = []
        var parts = reply.http.body.makeAsyncIterator()
        while collected.count < Self.failureLimit {
            guard let part = try? await parts.next() else { break }
            collected += part
        }
        return Array(collected.prefix(Self.failureLimit))
    }

    private func retryAfter(_ reply: ServiceReply) -> ServerDelay? { reply.retryAfter(now: now()) }
}

/// A reply that was read to its end.
struct CallReply: Sendable {
    let request: ServiceRequest
    let reply: ServiceReply
    let body: [UInt8]
    let retryAfter: ServerDelay?

    var status: Int { reply.status }

    /// The JSON object of a success; `nil` for a refusal, another content type, or JSON that is not an object.
    var object: JSONObject? {
        guard (200..<300).contains(status), reply.contentType.map(MediaType.isJSON) ?? false else { return nil }
        return (try? JSONValue(parsing: body))?.objectValue
    }

    /// Why this reply cannot be used.
    func failure() -> ServerFailure {
        var failure = ServerFailure(
            method: request.method, status: status, contentType: reply.contentType, body: body,
            requestLine: reply.requestLine, requestID: reply.requestID, retryAfter: retryAfter)
        failure.message = reply.redacted(failure.message)
        return failure
    }

    /// Makes a failure for a success that does not contain what was requested.
    ///
    /// - Parameter problem: what is wrong, as a clause.
    /// - Returns: the failure, with the category `notBlazar`.
    func unusable(_ problem: String) -> ServerFailure {
        var failure = failure()
        // A web page has a title to show. JSON of the wrong kind has no message.
        if failure.message.isEmpty { failure.message = problem }
        return failure
    }
}

extension ServiceCaller {
    /// Requests a list that the site may not offer.
    ///
    /// - Parameters:
    ///   - request: the request for the first page.
    ///   - member: the member of the answer that contains the list.
    ///   - read: decodes one element. If it returns `nil`, the whole list fails.
    /// - Returns: the elements of all pages.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    func list<Element: Sendable>(
        _ request: ServiceRequest, member: String, read: @Sendable (JSONObject) -> Element?
    ) async throws(ServiceError) -> Offered<[Element]> {
        var elements: [Element] = []
        var request = request
        var asked: Set<String> = []
        while true {
            asked.insert(request.path)
            let answer: CallReply
            do {
                answer = try await call(request)
            } catch {
                if error.kind == .noEndpoint { return .notOffered }
                throw error
            }
            guard (200..<300).contains(answer.status) else { return Offered(refusal: answer.failure()) }
            guard let object = answer.object, let values = object[member]?.arrayValue else {
                return .failed(answer.unusable("the answer has no list \"\(member)\""))
            }
            for (index, value) in values.enumerated() {
                guard let element = value.objectValue.flatMap(read) else {
                    return .failed(answer.unusable("element \(index) of \"\(member)\" cannot be read"))
                }
                elements.append(element)
            }
            guard let next = NextPage.path(after: request.path, in: object, member: member) else {
                return .listed(elements)
            }
            // A link to a page that was requested before would lead to an endless loop.
            guard !asked.contains(next) else { return .failed(answer.unusable("its pages lead in a circle")) }
            request.path = next
        }
    }

    /// Requests a list of resources of one kind.
    func resources(
        _ request: ServiceRequest, member: String, kind: ResourceKind
    ) async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await list(request, member: member) { CatalogResource(kind: kind, json: $0) }
    }
}

/// The link to the next page of a list, in either of the formats that OpenStack's services use.
enum NextPage {
    /// The path of the next page; `nil` if this one is the last.
    ///
    /// Only the query of the link is used. Its host and path are what the server believes its own address to be, which
    /// is often wrong behind a proxy, and a token must not be sent to an address that an answer names.
    static func path(after path: String, in object: JSONObject, member: String) -> String? {
        let link = neutronOrNova(object[member + "_links"]) ?? object["links"]?["next"]?.stringValue
        guard let link, let mark = link.firstIndex(of: "?") else { return nil }
        let query = link[mark...].prefix { $0 != "#" }
        guard query.count > 1, query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(path.prefix { $0 != "?" }) + query
    }

    /// `"flavors_links": [{"rel": "next", "href": "…"}]`
    private static func neutronOrNova(_ links: JSONValue?) -> String? {
        links?.arrayValue?.first { $0["rel"]?.stringValue == "next" }?["href"]?.stringValue
    }
}

extension ServiceCaller {
    /// Requests a list of allocations: `{"allocations": [{"resource_id": "…", "reservations": [{…}]}]}`.
    ///
    /// Blazar lists an instance reservation once for each instance on a host. Here it is returned once.
    func allocations(_ request: ServiceRequest, kind: ResourceKind) async throws(ServiceError) -> Offered<[Allocation]>
    {
        let perResource = try await list(request, member: "allocations") { object -> [Allocation]? in
            let idValue = object["resource_id"]
            guard let id = idValue?.stringValue ?? idValue?.intValue.map(String.init),
                let reservations = object["reservations"]?.arrayValue
            else { return nil }
            var allocations: [Allocation] = []
            for reservation in reservations {
                guard let fields = reservation.objectValue,
                    let allocation = Allocation(resourceKind: kind, resourceID: id, json: fields)
                else { return nil }
                if !allocations.contains(allocation) { allocations.append(allocation) }
            }
            return allocations
        }
        return perResource.map { $0.flatMap(\.self) }
    }
}

/// An answer about something that a site may not offer at all, or not to everybody.
package enum Offered<Value: Sendable>: Sendable {
    /// The site offers it, and this is the value.
    case listed(Value)
    /// The site offers it, but not to these credentials (403). This is Blazar's default policy for hosts.
    case forbidden(ServerFailure)
    /// The site does not offer it: there is no such service in the catalog, or no such URL (404, 405).
    case notOffered
    /// The request failed. What was known before stays.
    case failed(ServerFailure)

    /// The value, if there is one.
    package var value: Value? {
        if case .listed(let value) = self { value } else { nil }
    }

    /// The same outcome with another value.
    package func map<Other: Sendable>(_ transform: (Value) -> Other) -> Offered<Other> {
        switch self {
        case .listed(let value): .listed(transform(value))
        case .forbidden(let failure): .forbidden(failure)
        case .notOffered: .notOffered
        case .failed(let failure): .failed(failure)
        }
    }

    /// Classifies a refusal. A 403 or 404 from the service itself is an answer; anything else is a failure.
    init(refusal failure: ServerFailure) {
        switch failure.category {
        case .forbidden: self = .forbidden(failure)
        case .notFound, .notOffered: self = .notOffered
        default: self = .failed(failure)
        }
    }
}

extension Offered: Equatable where Value: Equatable {}

/// Percent-encodes parts of a path or query.
enum URLText {
    /// Encodes one segment of a path or one value of a query: everything except RFC 3986's unreserved characters.
    ///
    /// `.` and `..` are encoded too, because as whole segments they would lead elsewhere.
    static func encoded(_ text: String) -> String {
        let isDots = text == "." || text == ".."
        return text.utf8.reduce(into: "") { result, byte in
            if isUnreserved(byte), !isDots {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
    }

    /// A query including its question mark; empty if there are no parameters.
    static func query(_ parameters: [(String, String)]) -> String {
        guard !parameters.isEmpty else { return "" }
        return "?" + parameters.map { "\(encoded($0))=\(encoded($1))" }.joined(separator: "&")
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
