import LeaseModel

/// A creation that waits for room, as somebody requests it.
package struct WaitPlan: Sendable, Hashable {
    var name: String
    /// What it reserves.
    var kind: ReservationKind
    /// Minutes from now, on the client's clock; `nil` for any start.
    var latestMinutes: Int?
    /// How long before its start it may be created; `nil` for any time.
    var aheadMinutes: Int?
    /// Whether a lease without reservations will do, too.
    var takesLess: Bool
    /// Whether the other region will do, too.
    var takesOtherRegion: Bool
}

// Creations that wait for room.
extension Scenario {
    /// Inserts steps that let creations wait between the others, which keep their random numbers.
    mutating func wait(_ chance: inout Chance) {
        guard chance.happens(25) else { return }
        for round in 0..<chance.number(1...2) {
            let client = chance.below(2)
            var position = chance.below(steps.count + 1)
            func insert(_ action: Action, after pauseSeconds: Int64) {
                steps.insert(
                    Step(
                        number: 3_000 + steps.count, pauseSeconds: pauseSeconds, action: action, faults: [:],
                        crashAt: nil), at: position)
                position += 1
            }
            let sync = Action.sync(client: client, confirmsDeletes: true, isFresh: chance.happens(30))
            // The other region's database scope is known once it was read.
            if hasTwoRegions {
                insert(.use(client: client, entry: 1), after: 0)
                insert(sync, after: 0)
                insert(.use(client: client, entry: 0), after: 0)
            }
            insert(sync, after: 0)
            insert(
                .wait(
                    client: client,
                    WaitPlan(
                        name: "waits-\(round)", kind: chance.weighted([(4, .nothing), (3, .host), (3, .manyHosts)]),
                        latestMinutes: chance.weighted([(4, nil), (3, 10), (3, 90), (1, 1_500)]),
                        aheadMinutes: chance.weighted([(4, nil), (2, 0), (1, 45)]), takesLess: chance.happens(30),
                        takesOtherRegion: chance.happens(80))), after: 0)
            for _ in 0..<chance.number(2...7) {
                let pause: Int64 = chance.weighted([(5, 30), (5, 200), (5, 700), (3, 3_000), (1, 600_000)])
                if hasTwoRegions, chance.happens(60) {
                    insert(.use(client: client, entry: chance.below(2)), after: 0)
                }
                insert(chance.happens(15) ? .other(client: client) : sync, after: pause)
                if chance.happens(45) {
                    steps[position - 1].faults[chance.number(1...5)] =
                        chance.happens(40) ? .capacity : fault(&chance)
                }
                if chance.happens(15) { steps[position - 1].crashAt = chance.number(0...14) }
                if chance.happens(5) {
                    insert(.decide(client: client, chance.pick([.cancel, .retry, .edit]), target: 0), after: 0)
                }
            }
        }
    }
}
