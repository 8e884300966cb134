// Leases that are kept.
extension Scenario {
    /// Inserts steps that keep leases between the others, which keep their random numbers.
    mutating func keep(_ chance: inout Chance) {
        guard chance.happens(25) else { return }
        for round in 0..<chance.number(1...2) {
            let client = chance.below(2)
            var position = chance.below(steps.count + 1)
            func insert(_ action: Action, after pauseSeconds: Int64) {
                steps.insert(
                    Step(
                        number: 2_000 + steps.count, pauseSeconds: pauseSeconds, action: action, faults: [:],
                        crashAt: nil), at: position)
                position += 1
            }
            let sync = Action.sync(client: client, confirmsDeletes: true, isFresh: chance.happens(30))
            insert(.create(client: client, DraftPlan(name: "kept-\(round)", hours: 2, kind: .nothing)), after: 0)
            insert(sync, after: 0)
            insert(
                .keep(client: client, target: chance.below(8), hours: chance.weighted([(2, 1), (1, 4), (1, 30)])),
                after: 60)
            for _ in 0..<chance.number(1...5) {
                let pause: Int64 = chance.weighted([(3, 60), (3, 900), (6, 5_000), (6, 9_000), (1, 600_000)])
                insert(sync, after: pause)
                if chance.happens(30) { steps[position - 1].faults[chance.number(0...5)] = fault(&chance) }
                if chance.happens(15) { steps[position - 1].crashAt = chance.number(0...14) }
                if chance.happens(5) { insert(.keep(client: client, target: 0, hours: nil), after: 0) }
            }
        }
    }
}
