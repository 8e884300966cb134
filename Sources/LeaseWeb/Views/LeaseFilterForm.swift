import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold

/// The filters in a view's address. They have the names of the options of `leasehold list`.
struct LeaseFilterForm: Sendable {
    let filter: LeaseFilter
    private let query: WebFields
    /// Whether ended leases are shown too.
    private let includesEnded: Bool

    /// - Throws: an error that says which text cannot be used.
    init(_ request: WebRequest) throws {
        let query = request.query
        if let show = query["show"], !["all", "deleted"].contains(show) {
            throw WebError(.unprocessableContent, "There is no choice '\(show)' of what to show: use all or deleted.")
        }
        let statuses = query.all("status")
        var filter = LeaseFilter()
        filter.statuses = Set(statuses.map { LeaseStatus(rawValue: $0.uppercased()) })
        filter.text = query["q"]
        filter.nameGlob = query["name"]
        filter.project = query["project"]
        filter.user = query["user"]
        filter.resourceTypes = Set(query.all("type").map(ResourceType.init(named:)))
        filter.nodeType = query["node_type"]
        filter.resource = query["resource"]
        filter.isMine = query["mine"] != nil
        filter.includesRemoved = query["show"] == "deleted"
        filter.from = try request.moment(query["from"])
        filter.to = try request.moment(query["to"])
        filter.activeAt = try request.moment(query["active_at"])
        filter.scopes = request.scopes
        if let site = query["site"] {
            let scopes = Set(try request.manager.scopes().filter { $0.site == site }.map(\.id))
            filter.scopes = request.scopes.map { $0.intersection(scopes) } ?? scopes
        }
        includesEnded = query["show"] != nil || filter.asksForEnded
        if !includesEnded { filter.liveAt = request.now }
        self.filter = filter
        self.query = query
    }

    /// Whether it leaves out leases that a person might expect.
    var isNarrow: Bool { !query.without(["sort", "after", "notice", "show"]).members.allSatisfy { $0.value.isEmpty } }

    /// What is counted.
    var noun: String {
        filter.includesRemoved ? "leases, with deleted ones" : includesEnded ? "leases" : "live leases"
    }

    /// The values of the form's fields.
    func data(sites: [String]) -> WebData {
        func options(_ name: String, _ values: [(value: String, title: String)]) -> [WebData] {
            let chosen = query[name] ?? ""
            return values.map { ["value": $0.value, "title": $0.title, "chosen": $0.value == chosen] }
        }
        let texts = ["q", "name", "project", "user", "node_type", "resource", "from", "to", "active_at", "sort"]
        var data = WebData(texts: texts.map { ($0, query[$0] ?? "") })
        data["mine"] = filter.isMine
        data["show"] = options("show", [("", "Live"), ("all", "Ended too"), ("deleted", "Deleted too")])
        data["statuses"] = options(
            "status",
            [("", "Any status")] + (LeaseStatus.known + [.queued]).map { ($0.rawValue.lowercased(), $0.rawValue) })
        data["types"] = options(
            "type",
            [
                ("", "Any type"), ("node", "Hosts"), ("device", "Devices"), ("fip", "Floating IPs"),
                ("network", "Networks"), ("flavor", "Flavors"), ("instance", "Instances"),
            ])
        data["sites"] = sites.count > 1 ? options("site", [("", "Any site")] + sites.map { ($0, $0) }) : []
        data["hasSites"] = sites.count > 1
        data["hasMore"] = [
            "name", "project", "user", "type", "node_type", "resource", "site", "from", "to", "active_at",
        ]
        .contains { query[$0] != nil }
        return data
    }
}
