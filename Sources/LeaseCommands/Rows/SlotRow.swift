import LeaseModel
import Leasehold
import Output

/// A time at which hosts are free, as a row of `find-slot`.
struct SlotRow: Sendable {
    let slot: FreeSlot
    let answer: SlotAnswer
    let scope: Scope
    let wish: SlotWish
    /// The duration as typed.
    let duration: String
    let now: Timestamp

    private var hosts: [String] { slot.hosts.map { answer.hostNames[$0] ?? $0 } }

    /// The command that creates a lease in this slot.
    var command: String {
        let start = slot.startsAt <= now ? "now" : slot.startsAt.iso8601.replacing(":00Z", with: "Z")
        let cloud = scope.clouds.first.map { " --os-cloud \(ShellWord.quoted($0))" } ?? ""
        var node = "amount=\(wish.count)"
        // A single required value of a property is easier to read than the expression.
        if wish.properties.conditions.count == 1, let type = wish.properties.requiredValue(of: "node_type") {
            node += ",node_type=\(type)"
        } else if !wish.properties.isEmpty {
            node += ",resource_properties=\(wish.properties)"
        }
        return "leasehold create NAME\(cloud) --start \(start) --duration \(ShellWord.quoted(duration)) "
            + "--node \(ShellWord.quoted(node))"
    }

    static let columns: [Column<SlotRow>] = [
        Column("start_date", heading: "STARTS") { .time($0.slot.startsAt) },
        Column("end_date", heading: "ENDS") { .time($0.slot.endsAt) },
        Column("latest_start", dropPriority: 1) { .time($0.slot.latestStart) },
        Column("free") { .number($0.slot.hosts.count) },
        Column("hosts") { row in .json(.array(row.hosts.map(JSONValue.string))) },
        Column("site", dropPriority: 2, role: .context) { .text($0.scope.site) },
        Column("command", visibility: .structured) { .text($0.command) },
        Column("synced_at", visibility: .structured) { .time($0.scope.listedAt) },
    ]
}
