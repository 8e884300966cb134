import LeaseModel
import Testing

@Suite("Labels of the past")
struct PastLabelTests {
    private func time(_ minutes: Int) -> Timestamp {
        Timestamp(secondsSince1970: 1_800_000_000).adding(seconds: Int64(minutes) * 60)
    }

    /// A lease from minute 0 to 60.
    private func lease(_ status: LeaseStatus, events: [LeaseEvent] = [], updatedAt: Int? = nil) -> BlazarLease {
        BlazarLease(
            id: "a", name: "n", userID: "u", projectID: "p", startsAt: time(0), endsAt: time(60), status: status,
            createdAt: time(-30), updatedAt: updatedAt.map(time), events: events)
    }

    private func event(_ type: String, done minute: Int?) -> LeaseEvent {
        LeaseEvent(
            id: "e", eventType: type, time: time(0), status: minute == nil ? .undone : .done,
            updatedAt: minute.map(time))
    }

    @Test(
        "A removed lease ended as planned, early, or it is unknown",
        arguments: [
            (.active, 10, 20, "early"), (.active, 10, 60, "early"), (.active, 10, 61, "unknown"),
            (.active, 60, 70, "as planned"), (.pending, -20, -10, "early"), (.pending, 10, 20, "early"),
            (.terminated, 70, 90, "as planned"), (.terminated, 10, 90, "as planned"), (.deleting, 10, 90, "early"),
            (.error, 10, 20, "unknown"), (.creating, -20, -10, "unknown"), (.updating, 10, 20, "unknown"),
            (LeaseStatus(rawValue: ""), 10, 20, "unknown"),
        ] as [(LeaseStatus, Int, Int, String)])
    func ending(status: LeaseStatus, after: Int, before: Int, label: String) {
        for reason in [Removal.Reason.deleted, .unlisted] {
            let removal = Removal(reason: reason, after: time(after), before: time(before))
            #expect(removal.ending(of: lease(status)).rawValue == label)
        }
        let elsewhere = Removal(reason: .outOfScope, after: time(after), before: time(before))
        #expect(elsewhere.ending(of: lease(status)) == (status == .terminated ? .asPlanned : .unknown))
    }

    @Test("A lease whose end event was carried out ended as planned, whatever its status")
    func endedByEvent() {
        let removal = Removal(reason: .deleted, after: time(20), before: time(90))
        #expect(removal.ending(of: lease(.error, events: [event("end_lease", done: 60)])) == .asPlanned)
        #expect(removal.ending(of: lease(.active, events: [event("end_lease", done: nil)])) == .unknown)
    }

    private func mirrored(
        _ lease: BlazarLease, seen minute: Int, removal: Removal? = nil
    ) -> MirroredLease {
        MirroredLease(
            lease: lease, scopeID: 1, site: "s", projectName: nil, userName: nil, isMine: true, firstSeenAt: time(-30),
            observedAt: time(-30), lastSeenAt: removal?.after ?? time(minute), removal: removal)
    }

    @Test("A lease is held from its start to its end, as certainly as it was seen")
    func holding() {
        func label(_ status: LeaseStatus, seen: Int, at minute: Int) -> String? {
            mirrored(lease(status), seen: seen).held(at: time(minute))?.rawValue
        }
        #expect(label(.active, seen: 30, at: -1) == nil)
        #expect(label(.active, seen: 30, at: 0) == "yes")
        #expect(label(.active, seen: 30, at: 30) == "yes")
        #expect(label(.active, seen: 30, at: 31) == "planned")
        #expect(label(.active, seen: 90, at: 59) == "yes")
        #expect(label(.active, seen: 90, at: 60) == nil)
        #expect(label(.pending, seen: -10, at: 10) == "planned")
        #expect(label(.pending, seen: 10, at: 10) == "maybe")
        #expect(label(.error, seen: 90, at: 10) == "maybe")
        #expect(label(.terminated, seen: 90, at: 59) == "yes")
        #expect(label(.terminated, seen: 50, at: 40) == "maybe")
        let ended = mirrored(lease(.terminated, events: [event("end_lease", done: 40)]), seen: 90)
        #expect(ended.held(at: time(39)) == .held)
        #expect(ended.held(at: time(40)) == nil)
    }

    @Test("A removed lease may have been held until its removal, and not after")
    func holdingWhileVanishing() {
        func label(_ reason: Removal.Reason, at minute: Int) -> HeldCertainty? {
            let removal = Removal(reason: reason, after: time(20), before: time(40))
            return mirrored(lease(.active), seen: 0, removal: removal).held(at: time(minute))
        }
        #expect(label(.deleted, at: 20) == .held)
        #expect(label(.deleted, at: 21) == .maybe)
        #expect(label(.unlisted, at: 39) == .maybe)
        #expect(label(.deleted, at: 40) == nil)
        #expect(label(.outOfScope, at: 50) == .maybe)
        #expect(label(.outOfScope, at: 60) == nil)
    }

    @Test("Starts and ends are known to the second, everything else within bounds")
    func effects() {
        func change(from old: BlazarLease, to new: BlazarLease) -> LeaseChange {
            LeaseChange(
                kind: .changed, site: "s", lease: new, fields: LeaseChange.differences(from: old, to: new),
                after: time(-5), observedAt: time(10))
        }
        func effect(_ name: String, _ change: LeaseChange) throws -> ChangeEffect {
            let field: LeaseChange.Field = try #require(change.fields.first { $0.name == name })
            return change.effect(of: field)
        }
        let before = lease(.pending, events: [event("start_lease", done: nil)], updatedAt: -20)
        #expect(throws: Never.self) {
            let started = change(
                from: before, to: lease(.active, events: [event("start_lease", done: 1)], updatedAt: 1))
            #expect(try effect("status", started).moment == time(1))
            #expect(try effect("events[e].status", started).moment == time(1))
            var extended = before
            extended.endsAt = time(90)
            extended.updatedAt = time(3)
            let extension_ = try effect("end_date", change(from: before, to: extended))
            #expect(extension_ == ChangeEffect(after: time(-5), before: time(3), moment: nil))
            // A stamp an hour later comes from a server with a wrong clock.
            let odd = change(from: before, to: lease(.active, events: [event("start_lease", done: 70)], updatedAt: 70))
            #expect(try effect("status", odd) == ChangeEffect(after: time(-5), before: time(10), moment: nil))
        }
        let new = LeaseChange(
            kind: .new, site: "s", lease: lease(.pending), fields: [], after: nil, observedAt: time(10))
        #expect(new.effect().moment == time(-30))
        let gone = LeaseChange(
            kind: .vanished, site: "s", lease: lease(.active), fields: [], after: time(20), observedAt: time(40),
            removal: Removal(reason: .deleted, after: time(20), before: time(40)))
        #expect(gone.effect() == ChangeEffect(after: time(20), before: time(40), moment: nil))
        #expect(gone.ending == .early)
    }
}
