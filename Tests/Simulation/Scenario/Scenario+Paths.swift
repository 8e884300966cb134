import LeaseModel
import OpenStackClient

// Less common paths: entries that lead elsewhere, changes of several fields, imports, clocks that are years off, and
// every way in which a connection can fail.
extension Scenario {
    /// Inserts such steps between the others, and replaces some faults with such faults.
    mutating func wander(_ chance: inout Chance) {
        let (movesEntries, imports) = (hasTwoRegions || chance.happens(15), chance.happens(12))
        let (amends, jumps) = (chance.happens(50), chance.happens(10))
        var actions: [(weight: Int, make: (inout Chance) -> Action)] = []
        if movesEntries {
            let regions: [Region] = hasTwoRegions ? [.one, .two] : [.one]
            actions += [
                (4, { .use(client: $0.below(2), entry: $0.below(2)) }),
                (
                    3,
                    {
                        .edit(
                            client: $0.below(2), region: $0.pick(regions),
                            account: $0.weighted([(6, "user1"), (1, "user2"), (2, "user3"), (1, "admin")]))
                    }
                ),
                (2, { .swapEntries(client: $0.below(2)) }),
                (4, { .sync(client: $0.below(2), confirmsDeletes: false, isFresh: $0.happens(50)) }),
                (2, { .push(client: $0.below(2), isFresh: true) }),
            ]
        }
        if amends {
            actions.append((6, { .amend(client: $0.below(2), Self.amendment(&$0), target: $0.below(4)) }))
        }
        if imports { actions.append((3, { .importFrom(client: $0.below(2), other: $0.below(Self.clientCount)) })) }
        if jumps {
            let day: Int64 = 86_400
            actions.append((3, { .setClock(client: $0.below(2), secondsOff: $0.pick([-400, 400, 0, 0]) * day) }))
        }
        let total = actions.reduce(0) { $0 + $1.weight }
        if total > 0 {
            for _ in 0..<chance.number(2...9) {
                let make = chance.weighted(actions.map { ($0.weight, $0.make) })
                let action = make(&chance)
                let position = chance.below(steps.count + 1)
                steps.insert(
                    Step(number: 0, pauseSeconds: 0, action: action, faults: [:], crashAt: nil), at: position)
            }
        }
        for index in steps.indices {
            steps[index].number = index
            for exchange in steps[index].faults.keys.sorted() where chance.happens(25) {
                steps[index].faults[exchange] = Self.oddFault(&chance)
            }
        }
    }

    private static func amendment(_ chance: inout Chance) -> Amendment {
        Amendment(
            name: chance.happens(40) ? "amended-\(chance.below(100))" : nil,
            endMinutes: chance.happens(40) ? chance.number(10...300) : nil,
            counts: chance.happens(60) ? [chance.number(1...2), chance.number(1...2)] : [])
    }

    /// Every kind of failure that the transport knows, however far the request got, and unexpected numbers.
    private static func oddFault(_ chance: inout Chance) -> Fault {
        let retries = [
            "9223372036854775807", "9223372036854775806", "86400000", "-1", "1e400", "",
            "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
        ]
        let kind = chance.pick(TransportError.Kind.allCases)
        let reach = chance.pick(Reach.allCases)
        return chance.weighted([
            (7, .transport(kind, reach)),
            (2, .absurdRetry(status: chance.pick([429, 503, 500]), retryAfter: chance.pick(retries))),
            (1, .wrongDate(secondsOff: chance.pick([nil, -400 * 86_400, 400 * 86_400, 300_000_000_000]))),
        ])
    }
}
