import LeaseModel
import SyncPlanner
import Testing

@Suite("Effects of a new write on queued ones")
struct EnqueueingTests {
    private func enqueue(_ mutation: Mutation, onto queue: [Mutation]) -> Enqueueing {
        Enqueueing(mutation, onto: queue, now: .at(99))
    }

    private func later(_ verb: Mutation.Verb = .extend, local: String? = nil, _ body: JSONObject = [:]) -> Mutation {
        .change(0, verb, local: local, lease: local == nil ? "a" : nil, body: body, base: [:])
    }

    @Test("Two extensions become one, to the later end, with the first one's base")
    func twice() throws {
        let first = Mutation.change(1)
        let effect = enqueue(
            .change(0, body: ["end_date": "2027-01-15 14:00"], base: ["end_date": "2027-01-15 11:00"]), onto: [first])
        let wanted = try #require(effect.mutation)
        #expect(wanted.body["end_date"] == "2027-01-15 14:00")
        #expect(wanted.base["end_date"] == "2027-01-15 10:00")
        #expect(effect.changed.map(\.id) == [1])
        #expect(effect.changed.map(\.state) == [.superseded])
    }

    @Test("Changes of different fields become one")
    func fields() throws {
        let effect = enqueue(.change(0, .update, body: ["name": "n"], base: ["name": "o"]), onto: [.change(1)])
        let wanted = try #require(effect.mutation)
        #expect(wanted.body == ["end_date": "2027-01-15 12:00", "name": "n"])
        #expect(wanted.base == ["end_date": "2027-01-15 10:00", "name": "o"])
    }

    private func reservations(_ elements: JSONValue...) -> JSONObject { ["reservations": .array(elements)] }

    @Test("Changes of two reservations, or of two fields of one, become one")
    func reservationFields() throws {
        let first = Mutation.change(
            1, .update, body: reservations(["id": "A", "amount": 2]), base: reservations(["id": "A", "amount": 1]))
        let other = enqueue(
            .change(
                0, .update, body: reservations(["id": "B", "amount": 2]), base: reservations(["id": "B", "amount": 3])),
            onto: [first])
        let both = try #require(other.mutation)
        #expect(
            LeaseFields(both.body) == LeaseFields(reservations(["id": "A", "amount": 2], ["id": "B", "amount": 2])))
        #expect(
            LeaseFields(both.base) == LeaseFields(reservations(["id": "A", "amount": 1], ["id": "B", "amount": 3])))
        let same = enqueue(
            .change(0, .update, body: reservations(["id": "A", "required_floatingips": []]), base: [:]), onto: [first])
        #expect(same.mutation?.body == reservations(["id": "A", "amount": 2, "required_floatingips": []]))
    }

    @Test("A change of a creation that waits for room changes each request that will do, but not what they differ in")
    func waitingCreation() throws {
        let draft = LeaseDraft.sample(start: .at(.at(0)), end: .at(7_200))
        var creation = Mutation.creation(1, .waiting, draft: draft)
        let local = try #require(creation.localID)
        let types = ["a", "b"].map { type -> JSONObject in
            var fields = draft.reservations[0]
            fields["resource_properties"] = .string("[\"==\",\"$node_type\",\"\(type)\"]")
            return fields
        }
        creation.body["reservations"] = .array([.object(types[0])])
        creation.waiting = WaitingTerms(
            earliest: nil, aheadSeconds: nil,
            choices: types.map { .init(address: Mutation.sampleAddress, scopeID: 1, reservations: [$0]) })
        let id = LeaseFields.localID(ofReservation: 0, in: local)
        let change = later(
            .update, local: local,
            [
                "start_date": .string(Timestamp.at(86_400).blazarRequest),
                "reservations": .array([["id": .string(id), "min": 2, "max": 2, "resource_properties": "[]"]]),
            ])
        let changed = try #require(enqueue(change, onto: [creation]).changed.first)
        let choices = try #require(changed.waiting?.choices.map { $0.reservations[0] })
        #expect(choices.map { $0["min"] } == [2, 2])
        #expect(choices.map { $0["max"] } == [2, 2])
        #expect(choices[0]["resource_properties"] == "[]")
        #expect(choices[1]["resource_properties"] == types[1]["resource_properties"])
        #expect(changed.waiting?.earliest == .at(86_400))
        #expect(changed.state == .waiting)
    }

    @Test("An extension does not hide the rename that it is merged with")
    func mergedVerb() throws {
        let rename = Mutation.change(1, .update, body: ["name": "n"], base: [:])
        #expect(enqueue(.change(0, .extend), onto: [rename]).mutation?.verb == .update)
    }

    @Test("Changes with different time limits stay separate")
    func differentLimits() throws {
        let limited = Mutation.change(1).with { $0.notAfter = .at(500) }
        let effect = enqueue(.change(0, .update, body: ["name": "n"], base: [:]), onto: [limited])
        #expect(effect.changed.isEmpty)
        #expect(effect.mutation?.body == ["name": "n"])
    }

    @Test("A change to a creation's reservation changes that field only")
    func draftReservation() throws {
        var draft = LeaseDraft.sample()
        draft.reservations.append(["resource_type": "virtual:floatingip", "amount": 1])
        let effect = enqueue(
            later(.update, local: "local-1", reservations(["id": "local-1-2", "amount": 3])),
            onto: [.creation(1, draft: draft)])
        draft.reservations[1]["amount"] = 3
        #expect(effect.standing?.body == draft.body)
    }

    @Test(
        "A second deletion has no effect: the first one remains", arguments: [MutationState.queued, .sending])
    func deletedTwice(state: MutationState) {
        let effect = enqueue(.change(0, .delete), onto: [.change(1, .delete, state)])
        #expect(effect.mutation == nil)
        #expect(effect.changed.isEmpty)
        #expect(effect.standing?.id == 1)
    }

    @Test("A change to an unsent creation changes the draft", arguments: [MutationState.queued, .parked])
    func draft(state: MutationState) throws {
        let effect = enqueue(
            later(.update, local: "local-1", ["name": "new", "end_date": "2027-01-15 12:00"]),
            onto: [.creation(1, state)])
        #expect(effect.mutation == nil)
        let draft = try #require(effect.changed.first)
        #expect(effect.changed.count == 1)
        #expect(draft.id == 1)
        #expect(draft.state == state)
        #expect(draft.leaseName == "new")
        #expect(draft.body["name"] == "new")
        #expect(draft.body["end_date"] == "2027-01-15 12:00")
        #expect(draft.body["reservations"] == Mutation.creation().body["reservations"])
    }

    @Test("A change to a rejected creation queues it again")
    func refusedDraft() throws {
        let refused = Mutation.creation(1, .rejected).with { $0.reason = "capacity" }
        let effect = enqueue(later(.update, local: "local-1", ["end_date": "2027-01-15 12:00"]), onto: [refused])
        #expect(effect.mutation == nil)
        #expect(effect.changed.first?.state == .queued)
        #expect(effect.changed.first?.reason == nil)
        #expect(effect.changed.first?.nextAttemptAt == .at(99))
    }

    @Test(
        "Deleting an unsent creation cancels it and its dependents",
        arguments: [MutationState.queued, .parked, .rejected])
    func deletedDraft(state: MutationState) {
        let dependent = Mutation.change(2, local: "local-1", lease: nil)
        let effect = enqueue(later(.delete, local: "local-1"), onto: [.creation(1, state), dependent])
        #expect(effect.mutation == nil)
        #expect(effect.changed.map(\.id) == [1, 2])
        #expect(effect.changed.map(\.state) == [.cancelled, .cancelled])
    }

    @Test("A creation that may have been carried out stays; the new write waits for it")
    func inDoubt() {
        for creation in [
            Mutation.creation(1, .sending, unconfirmed: UnconfirmedAttempt(run: 1)),
            .creation(1, .unknown, unconfirmed: UnconfirmedAttempt(run: 1)),
            .creation(1, .blocked, unconfirmed: UnconfirmedAttempt(run: 1)),
        ] {
            for verb in [Mutation.Verb.extend, .delete] {
                let effect = enqueue(later(verb, local: "local-1"), onto: [creation])
                #expect(effect.changed.isEmpty, "\(creation.state)")
                #expect(effect.mutation?.verb == verb)
            }
        }
    }

    @Test("A deletion makes queued changes obsolete, but not those under way")
    func deletion() {
        let queue: [Mutation] = [
            .change(1, .update, .sending), .change(2), .change(3, .update, .blocked), .change(4, lease: "b"),
        ]
        let effect = enqueue(.change(0, .delete), onto: queue)
        #expect(effect.mutation?.verb == .delete)
        #expect(effect.changed.map(\.id) == [2, 3])
        #expect(effect.changed.allSatisfy { $0.state == .superseded })
    }

    @Test("After a conflict a new change is based on the current values; its other fields stay in conflict")
    func blockedConflict() throws {
        let blocked = Mutation.change(
            1, .update, .blocked, body: ["end_date": "m", "name": "m"], base: ["end_date": "b", "name": "b"]
        ).with { $0.reason = "conflict" }
        let effect = enqueue(.change(0, body: ["end_date": "new"], base: ["end_date": "theirs"]), onto: [blocked])
        let wanted = try #require(effect.mutation)
        #expect(wanted.body == ["end_date": "new", "name": "m"])
        #expect(wanted.base == ["end_date": "theirs", "name": "b"])
    }

    @Test(
        "A change made while another is under way expects the other's values",
        arguments: [MutationState.sending, .accepted])
    func underWay(state: MutationState) {
        let effect = enqueue(.change(0, body: ["end_date": "z"]), onto: [.change(1, .extend, state)])
        #expect(effect.changed.isEmpty)
        #expect(effect.mutation?.base == ["end_date": "2027-01-15 12:00"])
    }

    @Test("Other leases, other scopes and creations of the same name are not affected")
    func others() {
        let elsewhere = Mutation.change(2).with { $0 = Self.moved($0) }
        let effect = enqueue(.change(0, .delete), onto: [.change(1, lease: "b"), elsewhere])
        #expect(effect.changed.isEmpty)
        let creation = enqueue(.creation(0, local: "local-2"), onto: [.creation(1)])
        #expect(creation.changed.isEmpty)
        #expect(creation.mutation?.localID == "local-2")
    }

    private static func moved(_ mutation: Mutation) -> Mutation {
        Mutation(
            id: mutation.id, scopeID: 2, address: QueueAddress(siteID: 2, projectID: "p"), verb: mutation.verb,
            localID: nil, leaseID: mutation.leaseID, leaseName: "x", state: .queued, body: mutation.body, token: nil,
            createdAt: .noon)
    }
}
