import LeaseModel
import SyncPlanner
import Testing

@Suite("Whether a change still fits the lease")
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

    @Test("The values are those that a PUT takes, and no others")
    func values() {
        #expect(ChangeDecision.values(of: lease, for: ["name", "start_date", "end_date", "reservations"]) == present)
    }

    @Test("A lease that is as it was gets the change")
    func unchanged() {
        #expect(decide(["name": "new"], base: present) == .send(["name": "new"]))
    }

    @Test("A lease that is as wanted needs nothing, whoever made it so")
    func alreadySo() {
        #expect(decide(["name": "lease"], base: ["name": "old"]) == .alreadySo)
        #expect(decide(present, base: present) == .alreadySo)
    }

    @Test("What is as wanted already is left out")
    func partly() {
        #expect(decide(["name": "lease", "end_date": "x"], base: present) == .send(["end_date": "x"]))
    }

    @Test("A field that somebody else changed is a conflict, and only that one")
    func conflict() {
        let decision = decide(
            ["name": "new", "end_date": "x"], base: ["name": "lease", "end_date": "2020-01-01 00:00"])
        #expect(decision == .conflict(theirs: ["end_date": present["end_date"] ?? nil]))
    }

    @Test("A field without a base, or that cannot be compared, is sent")
    func incomparable() {
        #expect(decide(["name": "new"]) == .send(["name": "new"]))
        #expect(decide(["reservations": [["id": "r"]]], base: present) == .send(["reservations": [["id": "r"]]]))
    }
}
