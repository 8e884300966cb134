/// Which resources are allocated to which reservations.
struct AllocationBook: Sendable {
    enum Kind: Sendable { case host, floatingIP, segment, device }

    struct Allocation: Sendable {
        let kind: Kind
        let resourceID: String
        let reservationID: String
        let leaseID: String
    }

    /// The present allocations, in the order in which they were made.
    private(set) var current: [Allocation] = []
    /// What each lease ever had. The fork still shows it when the lease has ended, and when it is gone.
    private(set) var everOfLease: [String: [Allocation]] = [:]

    mutating func give(_ allocation: Allocation, remember: Bool) {
        current.append(allocation)
        if remember { everOfLease[allocation.leaseID, default: []].append(allocation) }
    }

    /// Releases everything of a reservation.
    mutating func release(_ reservationID: String) { current.removeAll { $0.reservationID == reservationID } }

    /// Releases one of a reservation's allocations of a resource.
    mutating func release(_ resourceID: String, of reservationID: String) {
        guard
            let index = current.firstIndex(where: {
                $0.resourceID == resourceID && $0.reservationID == reservationID
            })
        else { return }
        current.remove(at: index)
    }

    func of(resource id: String) -> [Allocation] { current.filter { $0.resourceID == id } }
    func of(reservation id: String) -> [Allocation] { current.filter { $0.reservationID == id } }
}

extension BlazarModel {
    mutating func allocate(_ kind: AllocationBook.Kind, _ resources: [String], _ reservation: ReservationRecord) {
        for resource in resources {
            allocations.give(
                AllocationBook.Allocation(
                    kind: kind, resourceID: resource, reservationID: reservation.id, leaseID: reservation.leaseID),
                remember: dialect == .chameleon)
        }
    }

    /// Whether nobody else has a resource within the window.
    func isFree(_ resource: String, in window: Window, except reservationID: String? = nil) -> Bool {
        allocations.current.allSatisfy { allocation in
            allocation.resourceID != resource || allocation.reservationID == reservationID
                || leases[allocation.leaseID]?.window.overlaps(window) != true
        }
    }

    /// Picks resources as Blazar's plugins do: those without any allocation if there are enough, otherwise also those
    /// that are free in the window.
    func pick(_ candidates: [String], from fewest: Int, to most: Int, in window: Window) -> [String] {
        let untouched = candidates.filter { candidate in
            !allocations.current.contains { $0.resourceID == candidate }
        }
        if untouched.count >= fewest { return Array(untouched.prefix(max(0, most))) }
        let free = candidates.filter { !untouched.contains($0) && isFree($0, in: window) }
        return free.count + untouched.count >= fewest ? Array((free + untouched).prefix(max(0, most))) : []
    }
}
