import GRDB
import LeaseModel

/// What a lease reserved in a past state, as the column `held` of `lease_history` keeps it: reports of a hundred
/// thousand leases do not read whole documents.
enum HeldColumn {
    /// The text of the column; `nil` if the next state reserves the same, or if what this one reserved is not known.
    static func text(_ lease: BlazarLease, before next: BlazarLease) -> String? {
        guard !lease.isOutline, !next.isOutline else { return nil }
        let held = lease.reservations.map { HeldReservation($0) }
        guard held != next.reservations.map({ HeldReservation($0) }) else { return nil }
        return JSONValue.array(held.map { .object(object($0)) }).text()
    }

    /// Reads the column.
    static func reservations(_ text: String) -> [HeldReservation] {
        let list = (try? JSONValue(parsing: text))?.arrayValue ?? []
        return list.map { item in
            HeldReservation(
                resourceType: ResourceType(rawValue: item["resource_type"]?.stringValue ?? ""),
                nodeType: item["node_type"]?.stringValue, flavorOrMachine: item["kind"]?.stringValue,
                minimum: item["min"]?.intValue, maximum: item["max"]?.intValue, amount: item["amount"]?.intValue,
                isMissingResources: item["missing_resources"]?.boolValue ?? false)
        }
    }

    private static func object(_ held: HeldReservation) -> JSONObject {
        var object: JSONObject = ["resource_type": .string(held.resourceType.rawValue)]
        object["node_type"] = held.nodeType.map(JSONValue.string)
        object["kind"] = held.flavorOrMachine.map(JSONValue.string)
        object["min"] = held.minimum.map { JSONValue($0) }
        object["max"] = held.maximum.map { JSONValue($0) }
        object["amount"] = held.amount.map { JSONValue($0) }
        if held.isMissingResources { object["missing_resources"] = .bool(true) }
        return object
    }
}
