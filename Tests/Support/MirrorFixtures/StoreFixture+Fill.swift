import Foundation
import LeaseModel
import LeaseStore

extension StoreFixture {
    /// A copy of ``filled()``: filling a database takes longer than most tests.
    private static let template = Result {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.fill()
        let copy = fixture.folder.appendingPathComponent("copy.sqlite")
        try fixture.store.backUp(to: copy.path)
        return try Data(contentsOf: copy)
    }

    /// A database with two sites.
    ///
    /// Alpha is read at minutes 0 and 10: `a` is pending, `b` becomes active, `c` has ended, `d` is somebody else's,
    /// `e` is deleted. It lists a host that `b` holds. Beta is read at minute 5 and has `z`.
    package static func filled() throws -> StoreFixture { try StoreFixture(contents: template.get()) }

    private func fill() throws {
        let beta = try store.scope(for: Self.identity(cloud: "beta", endpoint: "http://beta/v3", project: "p2"))
        let b = Self.lease("b", name: "night-2", to: 15)
        var addresses = Self.lease("c", name: "addresses", status: .terminated, from: 60, to: 120)
        addresses.reservations = [
            Reservation(
                id: "r-c", leaseID: "c", resourceID: "y", resourceType: .floatingIP, status: .deleted,
                fields: ["amount": 2, "network_id": "n1"])
        ]
        let others = Self.lease("d", name: "train", user: "u9", nodeType: "gpu")
        let a = Self.lease("a", name: "night-1")
        try pull([a, b, addresses, others, Self.lease("e", name: "gone")], at: 0)
        try pull([Self.lease("z", name: "far away", project: "p2")], at: 5, scope: beta)
        var started = b
        started.status = .active
        try pull([a, started, addresses, others], at: 10)
        let host = CatalogResource(
            kind: .host, id: "7", name: "node-7",
            fields: ["id": "7", "hypervisor_hostname": "node-7", "node_type": "compute_skylake", "reservable": true])
        let allocation = Allocation(
            resourceKind: .host, resourceID: "7", reservationID: "r-b", leaseID: "b", startsAt: b.startsAt,
            endsAt: b.endsAt)
        let flavor = CatalogResource(
            kind: .flavor, id: "m1", name: "m1.small",
            fields: ["id": "m1", "name": "m1.small", "vcpus": 2, "ram": 2_048, "disk": 20])
        try store.apply(
            [
                ObservedResources(kind: .host, outcome: .listed, resources: [host], allocations: [allocation]),
                ObservedResources(kind: .device, outcome: .forbidden, message: "Policy doesn't allow it."),
                ObservedResources(kind: .flavor, outcome: .listed, resources: [flavor]),
                ObservedResources(
                    kind: .project, outcome: .listed,
                    resources: [CatalogResource(kind: .project, id: "p1", name: "project p1")]),
                ObservedResources(
                    kind: .user, outcome: .listed, resources: [CatalogResource(kind: .user, id: "u9", name: "ada")]),
            ], scope: scope.id, at: Self.time(10))
        try store.apply(
            [ObservedResources(kind: .device, outcome: .notOffered)], scope: beta.id, at: Self.time(5))
    }
}
