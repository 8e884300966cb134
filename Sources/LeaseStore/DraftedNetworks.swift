import GRDB
import LeaseModel

/// What a draft said of the networks that it asked for. Chameleon's leases tell neither their names nor their properties,
/// so what its creation asked for is shown with it.
struct DraftedNetworks {
    let database: Database

    /// Adds what the draft said to the network reservations of a lease that was created here. If it asked for several
    /// networks in different terms, nobody knows which is which, and nothing is added.
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
