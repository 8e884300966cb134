internal import LeaseModel
internal import OpenStackClient

extension ServiceCaller {
    /// Asks for a list that a site may not offer.
    ///
    /// - Parameters:
    ///   - request: the request for its first page.
    ///   - member: the member of the answer that holds the list.
    ///   - read: reads one element; `nil` if it is not sound, which spoils the whole list.
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
            // A marker that does not move would go on for ever.
            guard !asked.contains(next) else { return .failed(answer.unusable("its pages go round in a circle")) }
            request.path = next
        }
    }

    /// Asks for a list of resources of one kind.
    func resources(
        _ request: ServiceRequest, member: String, kind: ResourceKind
    ) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await list(request, member: member) { CatalogueResource(kind: kind, json: $0) }
    }
}

/// The link to the next page of a list, in the two ways that OpenStack's services write it.
enum NextPage {
    /// The path of the next page; `nil` if this one is the last.
    ///
    /// Of the link only the query is taken: its host and path are the server's idea of its own name, which behind a
    /// proxy is often wrong, and a token must not be sent to wherever an answer says.
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
