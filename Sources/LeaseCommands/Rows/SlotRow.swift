import LeaseModel
import LeaseText
import Leasehold
import Output

/// A time at which resources are free, as a row of `find-slot`.
struct SlotRow: Sendable {
    let slot: FreeSlot
    let site: SiteAvailability
    let wish: ResourceWish
    let count: Int
    /// The duration as typed; `nil` for the length of the slot.
    let duration: String?
    /// Whether the slot is as long as was asked for.
    let fits: Bool
    /// The longest lease that the site's policy allows, in seconds, if it says.
    let longest: Int64?
    let now: Timestamp

    /// The length of the slot; `nil` if nothing is known that ends it.
    private var seconds: Int64? { slot.isOpenEnded ? nil : slot.endsAt.seconds(since: slot.startsAt) }

    /// The command that creates a lease in this slot.
    var command: String {
        let start = slot.startsAt <= now ? "now" : slot.startsAt.iso8601.replacing(":00Z", with: "Z")
        let cloud = site.scope.clouds.first.map { " --os-cloud \(ShellWord.quoted($0))" } ?? ""
        // Without a known end, a day, as `create` has it.
        let length = duration ?? DurationText.text(seconds: min(seconds ?? longest ?? 86_400, longest ?? .max))
        return "leasehold create NAME\(cloud) --start \(start) --duration \(ShellWord.quoted(length)) \(request)"
    }

    private var request: String {
        switch wish.resourceType {
        case .floatingIP:
            return "--fip " + (wish.network.map { ShellWord.quoted("amount=\(count),network=\($0)") } ?? "\(count)")
        case .flavor, .instance:
            return "--flavor " + ShellWord.quoted("name=\(wish.flavor ?? ""),amount=\(count)")
        case .device:
            guard !wish.properties.isEmpty else { return "--device amount=\(count)" }
            return "--reservation "
                + ShellWord.quoted(
                    "resource_type=device,min=\(count),max=\(count),resource_properties=\(wish.properties)")
        case .host:
            var node = "amount=\(count)"
            // A single required value of a property is easier to read than the expression.
            if wish.properties.conditions.count == 1, let type = wish.properties.requiredValue(of: "node_type") {
                node += ",node_type=\(type)"
            } else if !wish.properties.isEmpty {
                node += ",resource_properties=\(wish.properties)"
            }
            return "--node \(ShellWord.quoted(node))"
        case .network, .other:
            // WishOptions accepts neither.
            return "--reservation resource_type=\(ShellWord.quoted(wish.resourceType.rawValue))"
        }
    }

    /// The columns.
    ///
    /// - Parameters:
    ///   - type: the type of what is free.
    ///   - hasLength: whether slots differ in length.
    ///   - hasShorter: whether some are shorter than was asked for.
    /// - Returns: the columns.
    static func columns(_ type: ResourceType, hasLength: Bool, hasShorter: Bool) -> [Column<SlotRow>] {
        let name = type.listedKind == .host ? "hosts" : "resources"
        var columns: [Column<SlotRow>] = [
            Column("start_date", heading: "STARTS") { .time($0.slot.startsAt) },
            Column("end_date", heading: "ENDS") { .time($0.slot.isOpenEnded ? nil : $0.slot.endsAt) },
        ]
        if hasLength {
            columns.append(
                Column("duration", heading: "LENGTH") { $0.seconds.map { .duration(seconds: $0) } ?? .missing })
        }
        if hasShorter { columns.append(Column("fits") { .bool($0.fits) }) }
        return columns + [
            Column("latest_start", dropPriority: 1) { .time($0.slot.latestStart) },
            Column("free") { .number($0.slot.units) },
            Column(name) { row in
                row.site.resourceNames(in: row.slot).map { .json(.array($0.map(JSONValue.string))) } ?? .unknown
            },
            Column("site", dropPriority: 2, role: .context) { .text($0.site.scope.site) },
            Column("command", visibility: .structured) { .text($0.command) },
            Column("synced_at", visibility: .structured) { .time($0.site.listedAt) },
        ]
    }
}
