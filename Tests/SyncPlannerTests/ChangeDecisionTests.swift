import LeaseModel
import SyncPlanner
import Testing

@Suite("Whether a change still applies to the lease")
struct ChangeDecisionTests {
    private let lease = BlazarLease(
        id: "a", name: "lease", userID: "u", projectID: "p", startsAt: .at(0), endsAt: .at(7_200), status: .active)

    private func decide(_ mine: JSONObject, base: JSONObject = [:]) -> ChangeDecision {
        .of(mine: mine, base: base, theirs: lease)
    }

    private let present: JSONObject = [
        "name": "lease", "start_date": .string(Timestamp.at(0).blazarRequest),
        "end_date": .string(Timestamp.at(7_200).blazarRequest),
    ]

    @Test("The values are exactly those that a PUT takes")
    func values() {
        #expect(
            ChangeDecision.values(of: lease, for: ["name": 1, "start_date": 1, "end_date": 1, "reservations": []])
                == present)
    }

    @Test("An unchanged lease gets the change")
    func unchanged() {
        #expect(decide(["name": "new"], base: present) == .send(["name": "new"]))
    }

    @Test("A lease that already has the values needs no change, whoever made it")
    func alreadySo() {
        #expect(decide(["name": "lease"], base: ["name": "old"]) == .alreadySo)
        #expect(decide(present, base: present) == .alreadySo)
    }

    @Test("Fields that already have the values are left out")
    func partly() {
        #expect(decide(["name": "lease", "end_date": "x"], base: present) == .send(["end_date": "x"]))
    }

    @Test("Only a field that somebody else changed is a conflict")
    func conflict() {
        let decision = decide(
            ["name": "new", "end_date": "x"], base: ["name": "lease", "end_date": "2020-01-01 00:00"])
        #expect(decision == .conflict(theirs: ["end_date": present["end_date"] ?? nil]))
    }

    @Test("A field without a base, or that cannot be compared, is sent")
    func incomparable() {
        #expect(decide(["name": "new"]) == .send(["name": "new"]))
        let unknown: JSONObject = ["reservations": [["id": "r", "max": 2]]]
        #expect(decide(unknown, base: present) == .send(unknown))
    }

    // MARK: - Reservations

    private func hosts(_ id: String, _ min: Int, _ max: Int) -> Reservation {
        Reservation(
            id: id, resourceType: .host, status: .pending,
            fields: [
                "min": JSONValue(min), "max": JSONValue(max), "hypervisor_properties": "", "resource_properties": "",
            ])
    }

    private func decide(_ mine: JSONObject, base: JSONObject, having reservations: [Reservation]) -> ChangeDecision {
        var theirs = lease
        theirs.reservations = reservations
        return .of(mine: mine, base: base, theirs: theirs)
    }

    private func asking(_ reservations: JSONValue...) -> JSONObject { ["reservations": .array(reservations)] }

    @Test("Reservations are compared field by field, and a field that somebody else changed is a conflict")
    func reservationConflict() {
        let mine = asking(["id": "A", "max": 4], ["id": "B", "max": 4])
        let base = asking(["id": "A", "max": 2], ["id": "B", "max": 2])
        let decision = decide(mine, base: base, having: [hosts("A", 1, 2), hosts("B", 1, 3)])
        #expect(decision == .conflict(theirs: asking(["id": "B", "max": 3])))
    }

    @Test("An up-to-date reservation is left alone; another is sent with its other known fields")
    func reservationSent() {
        let mine = asking(["id": "A", "max": "4"], ["id": "B", "min": 2, "max": 2])
        let base = asking(["id": "A", "max": 2], ["id": "B", "min": 1, "max": 1])
        let decision = decide(mine, base: base, having: [hosts("A", 1, 4), hosts("B", 1, 1)])
        #expect(
            decision
                == .send(
                    asking([
                        "id": "B", "resource_type": "physical:host", "min": 2, "max": 2, "resource_properties": "",
                        "hypervisor_properties": "",
                    ])))
        #expect(decide(asking(["id": "A", "max": 4]), base: base, having: [hosts("A", 1, 4)]) == .alreadySo)
    }

    @Test("The values of reservations are those that the lease shows")
    func reservationValues() {
        var theirs = lease
        theirs.reservations = [hosts("A", 1, 2)]
        let mine = asking(["id": "A", "max": 4, "network_name": "n"], ["id": "Z", "amount": 1])
        #expect(ChangeDecision.values(of: theirs, for: mine) == asking(["id": "A", "max": 2]))
    }

    @Test("Of an active instance reservation only the new amount is sent")
    func activeInstances() {
        let instances = Reservation(
            id: "A", resourceType: .instance, status: .active,
            fields: ["vcpus": 1, "memory_mb": 1, "disk_gb": 1, "amount": 1, "affinity": nil, "resource_properties": ""])
        let decision = decide(asking(["id": "A", "amount": 2]), base: [:], having: [instances])
        #expect(decision == .send(asking(["id": "A", "amount": 2])))
    }

    // MARK: - Our own changes

    @Test("A value from our own change is no conflict")
    func ours() {
        let decision = ChangeDecision.of(
            mine: ["end_date": "x"], base: ["end_date": "2020-01-01 00:00"], theirs: lease, ours: [present])
        #expect(decision == .send(["end_date": "x"]))
    }

    @Test("Values sent for a change that this one replaced count; values never sent do not")
    func oursAmong() {
        func old(_ id: Int64, _ state: MutationState, at seconds: Int64, attempts: Int, end: String) -> Mutation {
            Mutation.change(id, .extend, state, body: ["end_date": .string(end)], base: [:]).with {
                $0.attempts = attempts
                $0.updatedAt = .at(seconds)
            }
        }
        let history = [
            old(1, .settled, at: -50, attempts: 1, end: "long ago"),
            old(2, .superseded, at: 0, attempts: 1, end: "lost"),
            old(3, .superseded, at: 20, attempts: 0, end: "never sent"),
        ]
        let change = Mutation(
            id: 4, scopeID: 1, address: Mutation.sampleAddress, verb: .extend, localID: nil, leaseID: "a",
            leaseName: "lease", state: .queued,
            body: ["end_date": "z"], base: [:], token: nil, createdAt: .at(20))
        #expect(ChangeDecision.ours(change, among: history) == [["end_date": "lost"], [:]])
    }
}
