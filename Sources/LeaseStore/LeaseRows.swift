import GRDB
import LeaseModel

/// Columns of JSON, which this module wrote.
enum LeaseRows {
    /// Parses a JSON column; anything but an object becomes an empty object.
    static func object(_ text: String?) -> JSONObject {
        guard let text, let object = try? JSONValue(parsing: text).objectValue else { return [:] }
        return object
    }

    /// The text of an object for a JSON column; `nil` for an empty object.
    static func text(_ object: JSONObject) -> String? {
        object.isEmpty ? nil : JSONValue.object(object).text()
    }
}

/// What drafts asked of networks. Chameleon's leases report neither the names of networks nor their properties, so
/// these come from the creation.
struct DraftedNetworks {
    let database: Database

    /// Adds the draft's fields to the network reservations of a lease that was created here. If the draft asked for
    /// several different networks, there is no telling which is which, and nothing is added.
    func complete(_ lease: inout BlazarLease, site: Int64) throws {
        let networks = lease.reservations.indices.filter { index in
            let reservation = lease.reservations[index]
            return reservation.resourceType == .network && reservation.fields["network_name"] == nil
        }
        guard !networks.isEmpty else { return }
        let body = try String.fetchOne(
            database.cachedStatement(
                sql: "SELECT body FROM mutation WHERE lease_id = ? AND site_id = ? AND verb = 'create'"),
            arguments: [lease.id, site])
        let drafted = (LeaseRows.object(body)["reservations"]?.arrayValue ?? []).compactMap(\.objectValue).filter {
            $0["resource_type"]?.stringValue == ResourceType.network.rawValue
        }
        guard drafted.count == networks.count, let fields = drafted.first, drafted.allSatisfy({ $0 == fields }) else {
            return
        }
        for index in networks {
            for (name, value) in fields.members
            where name != "resource_type" && lease.reservations[index].fields[name] == nil {
                lease.reservations[index].fields[name] = value
            }
        }
    }
}
