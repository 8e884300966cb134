package import BlazarModel
import LeaseModel

/// Everything that determines a run: the same scenario always runs the same way.
package struct Scenario: Sendable, Hashable {
    package let seed: UInt64
    package var dialect: Dialect
    /// Whether the server keeps a client's own events.
    package var keepsEvents: Bool
    /// The second client's user: the same person as the first, or a colleague in the same project.
    var secondUser: String
    /// The lifetime of a token in seconds.
    var tokenSeconds: Int64
    /// How long starting and ending a lease takes at the server, in seconds.
    var actionSeconds: Int64
    /// How far the clients' clocks are off at first, in seconds.
    var secondsOff: [Int64]
    /// Whether the second client has never asked the cloud before.
    var isNewToSecond: Bool
    /// Whether the cloud has two regions with one Keystone.
    var hasTwoRegions: Bool
    /// Whether the first client has no clouds.yaml, and its second entry is another openrc file.
    var usesEnvironment: Bool
    package var steps: [Step]

    /// The clients: two databases in one project, and an administrator's.
    static let clientCount = 3

    /// The clients without those at the end of the list to whom nothing happens.
    var clientsInUse: Int {
        let isAdministratorInUse = steps.contains { step in
            if case .importFrom(_, 2) = step.action { true } else { step.action.owner == 2 }
        }
        return isAdministratorInUse ? Self.clientCount : Self.clientCount - 1
    }
}

extension Scenario {
    /// Makes the scenario of a seed.
    ///
    /// - Parameters:
    ///   - seed: the seed.
    ///   - dialect: which Blazar; `nil` lets the seed choose.
    package init(seed: UInt64, dialect: Dialect? = nil) {
        var chance = Chance(seed: seed)
        self.seed = seed
        let chosen = chance.pick(Dialect.allCases)
        self.dialect = dialect ?? chosen
        keepsEvents = chance.happens(75)
        secondUser = chance.happens(60) ? "user1" : "user3"
        tokenSeconds = chance.weighted([(6, 3_600), (2, 400), (1, 90)])
        actionSeconds = chance.weighted([(3, 0), (1, 3)])
        secondsOff = (0..<Self.clientCount).map { _ in Self.clock(&chance) }
        // Separate random numbers, so that later additions do not change earlier scenarios.
        var more = Chance(seed: ~seed)
        let hasTwins = !keepsEvents && more.happens(50)
        let hasLookalikes = more.happens(20)
        isNewToSecond = more.happens(15)
        var paths = Chance(seed: seed ^ 0x7061_7468)
        hasTwoRegions = paths.happens(35)
        usesEnvironment = paths.happens(25)
        steps = []
        let count = chance.number(8...26)
        while steps.count < count {
            let step = step(steps.count, &chance)
            steps.append(step)
            switch step.action {
            case .sync(let client, let confirms, _) where !step.faults.isEmpty && chance.happens(35):
                // Impatient people try again at once.
                for _ in 0..<chance.number(1...4) {
                    append(
                        .sync(client: client, confirmsDeletes: confirms, isFresh: false),
                        after: Int64(chance.number(0...12)))
                }
            case .create(let client, let plan) where keepsEvents && chance.happens(30):
                // Two computers request the same, and one gets no answer.
                append(.create(client: 1 - client, plan), after: 0)
                for client in [client, 1 - client] {
                    append(.sync(client: client, confirmsDeletes: false, isFresh: false), after: 0)
                    guard chance.happens(40) else { continue }
                    steps[steps.count - 1].faults[chance.number(1...2)] = fault(&chance)
                }
            case .create(let client, let plan) where hasTwins && more.happens(30):
                // One computer requests the same twice, and nothing will distinguish the two.
                append(.create(client: client, plan), after: 0)
                append(.sync(client: client, confirmsDeletes: false, isFresh: false), after: 0)
                for exchange in 1...4 where more.happens(40) {
                    steps[steps.count - 1].faults[exchange] = fault(&more)
                }
            default: break
            }
            if hasLookalikes, more.happens(15) { appendLookalike(&more) }
        }
        wander(&paths)
        var strays = Chance(seed: seed ^ 0x73_7472_6179)
        stray(&strays)
        var keeping = Chance(seed: seed ^ 0x75_6E_7469_6C)
        keep(&keeping)
        var waits = Chance(seed: seed ^ 0x72_6F_6F_6D)
        wait(&waits)
    }

    /// Somebody creates by other means the lease that a client is about to request.
    private mutating func appendLookalike(_ chance: inout Chance) {
        let client = chance.below(2)
        var plan = draft(steps.count, &chance)
        plan.name = "like-\(steps.count)"
        append(.lookalike(client: client, plan), after: Int64(chance.number(0...9)))
        append(.create(client: client, plan), after: 0)
        append(
            chance.happens(50)
                ? .sync(client: client, confirmsDeletes: false, isFresh: false) : .push(client: client, isFresh: true),
            after: 0)
        for exchange in 1...4 where chance.happens(40) { steps[steps.count - 1].faults[exchange] = fault(&chance) }
    }

    private mutating func append(_ action: Action, after pauseSeconds: Int64) {
        steps.append(
            Step(number: steps.count, pauseSeconds: pauseSeconds, action: action, faults: [:], crashAt: nil))
    }

    private static func clock(_ chance: inout Chance) -> Int64 {
        chance.weighted([(8, 0), (2, 2), (2, -3), (2, 40), (1, -400), (1, 700), (1, 7_200), (1, -7_200)])
    }

    private func step(_ number: Int, _ chance: inout Chance) -> Step {
        let action = action(number, &chance)
        var step = Step(
            number: number,
            pauseSeconds: chance.weighted([(6, 0), (6, 5), (4, 40), (4, 170), (3, 320), (2, 900), (1, 5_000)]),
            action: action, faults: [:], crashAt: nil)
        switch action {
        case .sync, .push, .other:
            for _ in 0..<chance.weighted([(4, 0), (5, 1), (3, 2), (1, 4)]) {
                // Most exchanges are for a token, for a list, and then for the first write.
                let exchange = chance.weighted([(3, 1), (3, 2), (4, chance.number(0...9))])
                step.faults[exchange] = fault(&chance)
            }
            if chance.happens(15) { step.crashAt = chance.number(0...14) }
        default: break
        }
        return step
    }

    private func action(_ number: Int, _ chance: inout Chance) -> Action {
        // Most steps belong to the first two clients; the administrator mostly reads.
        let client = chance.weighted([(5, 0), (4, 1), (1, 2)])
        let target = chance.below(8)
        let minutes = chance.number(-60...600)
        return switch chance.below(100) {
        case 0..<26: .create(client: min(client, 1), draft(number, &chance))
        case 26..<36:
            .change(
                client: client, chance.pick([.update, .extend, .extend, .delete]), target: target, minutes: minutes)
        case 36..<44: .decide(client: client, chance.pick(Decision.usual), target: target)
        case 44..<78: .sync(client: client, confirmsDeletes: chance.happens(25), isFresh: chance.happens(30))
        case 78..<86: .push(client: client, isFresh: chance.happens(50))
        case 86..<89: .setClock(client: client, secondsOff: Self.clock(&chance))
        case 89..<94: .reap(target: target)
        case 94..<97: .strangerCreates(user: chance.pick(["user1", "user3", "user2"]), minutes: minutes)
        default: .strangerChanges(target: target, minutes: minutes)
        }
    }

    private func draft(_ number: Int, _ chance: inout Chance) -> DraftPlan {
        // If two people request the same, only the token distinguishes the leases.
        let name = keepsEvents ? chance.pick(["twin", "twin", "other"]) : "draft-\(number)"
        return DraftPlan(
            name: name, startMinutes: chance.weighted([(5, nil), (2, 3), (3, 60), (2, 200)]),
            hours: chance.weighted([(5, 2), (2, 24), (1, 100)]), kind: chance.pick(kinds),
            lateStart: chance.weighted([(4, nil), (1, .startNow), (1, .shift), (1, .expire)]),
            notAfterMinutes: chance.weighted([(8, nil), (1, 5), (1, 60)]),
            retryUntilMinutes: chance.weighted([(5, nil), (1, 10), (1, 120)]))
    }

    private var kinds: [ReservationKind] {
        switch dialect {
        case .upstream:
            [.nothing, .nothing, .nothing, .host, .manyHosts, .floatingIP, .instance, .flavor, .unsupported]
        case .chameleon: [.nothing, .nothing, .nothing, .host, .manyHosts, .floatingIP, .network, .device]
        }
    }

    func fault(_ chance: inout Chance) -> Fault {
        // Blazar's manager may still act within the quiet period; it is assumed not to act later.
        let later = Int64(chance.happens(50) ? chance.number(1...290) : chance.number(150...290))
        return chance.weighted([
            (2, .noConnection), (4, .requestLost), (7, .answerLost), (5, .carriedOutLater(seconds: later)),
            (3, .hang(seconds: min(later, 230))), (4, .truncated), (2, .duplicated),
            (1, .page(status: 200, isCarriedOut: chance.happens(50))),
            (1, .page(status: 502, isCarriedOut: chance.happens(50))),
            (2, .refused(status: 401, retryAfterSeconds: nil)), (1, .refused(status: 403, retryAfterSeconds: nil)),
            (2, .refused(status: 429, retryAfterSeconds: chance.number(1...400))), (2, .capacity),
            (2, .failure(status: 500, isCarriedOut: chance.happens(50))),
            (2, .failure(status: 503, isCarriedOut: chance.happens(50))), (1, .tokenRevoked),
            (4, .crash(isCarriedOut: chance.happens(60))),
            (5, .meanwhile(interlude(&chance), isCarriedOut: chance.happens(50))),
        ])
    }

    private func interlude(_ chance: inout Chance) -> Interlude {
        let client = chance.below(2)
        let target = chance.below(8)
        return Interlude(
            action: chance.weighted([
                (4, .otherProcess(client: client)),
                (3, .decide(client: client, chance.pick(Decision.usual), target: target)),
                (
                    3,
                    .change(
                        client: client, chance.pick([.update, .extend, .delete]), target: target,
                        minutes: chance.number(10...300))
                ),
                (2, .reap(target: target)),
            ]))
    }
}
