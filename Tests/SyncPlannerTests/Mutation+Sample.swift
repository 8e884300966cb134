import LeaseModel

@testable import SyncPlanner

extension Timestamp {
    /// 2027-01-15 08:00 UTC.
    static let noon = Timestamp(secondsSince1970: 1_800_000_000)
    /// A number of seconds after ``noon``.
    static func at(_ seconds: Int64) -> Timestamp { noon.adding(seconds: seconds) }
}

extension LeaseDraft {
    static func sample(
        start: Start = .at(.at(3_600)), end: Timestamp = .at(7_200), name: String = "draft", beforeEnd: Timestamp? = nil
    ) -> LeaseDraft {
        LeaseDraft(
            name: name, start: start, endsAt: end, beforeEnd: beforeEnd,
            reservations: [["resource_type": "physical:host", "min": 1, "max": 1]])
    }
}

extension Mutation {
    static let sampleToken = "0123456789abcdefghjkmnpqrs"
    static let sampleAddress = QueueAddress(siteID: 1, projectID: "p")

    static func creation(
        _ id: Int64 = 1, _ state: MutationState = .queued, local: String = "local-1", draft: LeaseDraft = .sample(),
        unconfirmed: UnconfirmedAttempt? = nil
    ) -> Mutation {
        var mutation = Mutation(
            id: id, scopeID: 1, address: sampleAddress, verb: .create, localID: local, leaseID: nil,
            leaseName: draft.name, state: state, body: draft.body, token: sampleToken, createdAt: .noon)
        mutation.unconfirmed = unconfirmed
        return mutation
    }

    static func change(
        _ id: Int64, _ verb: Verb = .extend, _ state: MutationState = .queued, local: String? = nil,
        lease: String? = "a", body: JSONObject = ["end_date": "2027-01-15 12:00"],
        base: JSONObject = ["end_date": "2027-01-15 10:00"]
    ) -> Mutation {
        Mutation(
            id: id, scopeID: 1, address: sampleAddress, verb: verb, localID: local, leaseID: lease,
            leaseName: "lease", state: state, body: verb == .delete ? [:] : body, base: verb == .delete ? [:] : base,
            token: nil, createdAt: .noon)
    }

    /// A changed copy.
    func with(_ change: (inout Mutation) -> Void) -> Mutation {
        var copy = self
        change(&copy)
        return copy
    }
}
