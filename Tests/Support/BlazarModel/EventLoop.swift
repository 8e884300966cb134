package import LeaseModel

/// The state of the manager's event loop. It looks for due events every 10 s, but not before the last ones are
/// finished.
struct EventLoop: Sendable {
    struct Item: Sendable {
        let leaseID: String
        let eventID: String
        let type: String
        let time: Timestamp
    }

    static let interval: Int64 = 10

    private let firstTick: Timestamp
    /// What is due after the running events, in order.
    var batches: [[Item]] = []
    var running: [Item] = []
    var runsUntil: Timestamp?
    /// No event is due before this.
    var nextDue: Timestamp?

    init(firstTick: Timestamp) { self.firstTick = firstTick }

    /// The first time, not before `moment`, at which the loop looks for events.
    func tick(from moment: Timestamp) -> Timestamp {
        let passed = max(0, moment.seconds(since: firstTick))
        return firstTick.adding(seconds: (passed + Self.interval - 1) / Self.interval * Self.interval)
    }

    mutating func expect(_ time: Timestamp) {
        nextDue = min(nextDue ?? time, time)
    }
}

extension BlazarModel {
    /// Advances the time, and runs every event that becomes due until then.
    package mutating func advance(to moment: Timestamp) {
        while let next = nextMoment(), next <= moment {
            now = max(now, next)
            step()
        }
        now = max(now, moment)
    }

    private func nextMoment() -> Timestamp? {
        if let until = eventLoop.runsUntil { return until }
        guard let due = eventLoop.nextDue else { return nil }
        return eventLoop.tick(from: max(due, now))
    }

    private mutating func step() {
        if eventLoop.runsUntil != nil {
            let finished = eventLoop.running
            eventLoop.running = []
            eventLoop.runsUntil = nil
            for item in finished { finish(item) }
        } else {
            selectDueEvents()
        }
        startNextBatches()
    }

    private mutating func startNextBatches() {
        while eventLoop.runsUntil == nil, !eventLoop.batches.isEmpty {
            let batch = eventLoop.batches.removeFirst()
            let started = batch.filter { start($0) }
            guard policy.actionSeconds > 0, !started.isEmpty else {
                for item in started { finish(item) }
                continue
            }
            eventLoop.running = started
            eventLoop.runsUntil = now.adding(seconds: policy.actionSeconds)
        }
    }

    /// Finds and orders due events: ends come before starts, except of the same lease.
    private mutating func selectDueEvents() {
        var due: [EventLoop.Item] = []
        var next: Timestamp?
        for id in leases.order {
            guard let lease = leases[id] else { continue }
            for event in lease.events where event.status == .undone {
                guard let time = event.time, let type = event.type, Self.actions.contains(type) else { continue }
                if time <= now {
                    due.append(EventLoop.Item(leaseID: id, eventID: event.id, type: type, time: time))
                } else {
                    next = min(next ?? time, time)
                }
            }
        }
        eventLoop.nextDue = next
        due.sort { ($0.time, $0.eventID) < ($1.time, $1.eventID) }
        let starting = Set(due.lazy.filter { $0.type == "start_lease" }.map(\.leaseID))
        let batch = { (type: String, deferred: Bool) in
            due.filter { $0.type == type && starting.contains($0.leaseID) == deferred }
        }
        eventLoop.batches = [
            batch("before_end_lease", false), batch("end_lease", false), batch("start_lease", true),
            batch("before_end_lease", true), batch("end_lease", true),
        ].filter { !$0.isEmpty }
    }

    private static let actions: Set<String> = ["start_lease", "end_lease", "before_end_lease"]

    /// Marks an event as running and its lease as in transition; returns whether that was possible.
    private mutating func start(_ item: EventLoop.Item) -> Bool {
        guard let lease = leases[item.leaseID], lease.events.contains(where: { $0.id == item.eventID }) else {
            return false
        }
        guard LeaseTransitions.stable.contains(lease.status) else {
            // The lease is still in transition, so the event stays due.
            eventLoop.expect(now.adding(seconds: 1))
            return false
        }
        setEvent(item, .inProgress)
        guard let transition = Self.passage(item.type) else { return true }
        guard let current = leases[item.leaseID], (try? LeaseTransitions.mayPass(current, to: transition)) == true
        else {
            failStatus(item)
            return false
        }
        setStatus(item.leaseID, transition)
        return true
    }

    private static func passage(_ type: String) -> LeaseStatus? {
        switch type {
        case "start_lease": .starting
        case "end_lease": .terminating
        default: nil
        }
    }

    private mutating func finish(_ item: EventLoop.Item) {
        guard let lease = leases[item.leaseID] else { return }
        guard let passage = Self.passage(item.type) else {
            setEvent(item, .done)
            return
        }
        let goal: ReservationStatus = passage == .starting ? .active : .deleted
        var isDone = true
        for reservation in lease.reservations {
            let succeeded = run(passage, lease, reservation)
            isDone = isDone && succeeded
            setReservation(reservation, succeeded ? goal : .error)
        }
        setEvent(item, isDone ? .done : .error)
        settle(item, after: passage)
    }

    private mutating func settle(_ item: EventLoop.Item, after passage: LeaseStatus) {
        guard let lease = leases[item.leaseID], let next = try? LeaseTransitions.settled(lease) else { return }
        let results: Set<LeaseStatus> = passage == .starting ? [.active, .error] : [.terminated, .error]
        guard results.contains(next), (try? LeaseTransitions.mayPass(lease, to: next)) == true else {
            setStatus(item.leaseID, .error)
            failStatus(item)
            return
        }
        setStatus(item.leaseID, next)
    }

    private mutating func run(_ passage: LeaseStatus, _ lease: LeaseRecord, _ reservation: ReservationRecord) -> Bool {
        if passage == .starting {
            return reservation.status == .pending && !policy.namesThatFailToStart.contains(lease.name)
        }
        guard reservation.status != .deleted else { return false }
        allocations.release(reservation.id)
        return true
    }

    /// An event whose lease has the wrong status is tried again for 10 s.
    private mutating func failStatus(_ item: EventLoop.Item) {
        let mayRetry = now < item.time.adding(seconds: EventLoop.interval)
        setEvent(item, mayRetry ? .undone : .error)
        if mayRetry { eventLoop.expect(now.adding(seconds: 1)) }
    }

    private mutating func setEvent(_ item: EventLoop.Item, _ status: EventStatus) {
        changeEvent(item.leaseID, item.eventID) { $0.status = status }
    }

    private mutating func setReservation(_ reservation: ReservationRecord, _ status: ReservationStatus) {
        let moment = now
        leases.change(reservation.leaseID) { lease in
            for index in lease.reservations.indices where lease.reservations[index].id == reservation.id {
                lease.reservations[index].status = status
                lease.reservations[index].updatedAt = moment
            }
        }
    }

    /// Changes an event; its time of change moves only if something has changed.
    mutating func changeEvent(_ leaseID: String, _ eventID: String, _ body: (inout EventRecord) -> Void) {
        let moment = now
        leases.change(leaseID) { lease in
            for index in lease.events.indices where lease.events[index].id == eventID {
                let before = lease.events[index]
                body(&lease.events[index])
                let after = lease.events[index]
                guard before.time != after.time || before.status != after.status else { continue }
                lease.events[index].updatedAt = moment
            }
        }
    }
}
