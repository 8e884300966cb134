import Foundation
import LeaseModel
import LeaseStore
import SyncEngine
import Synchronization

/// One run of a scenario, from an empty cloud to rest.
final class Run: Sendable {
    struct Options: Sendable {
        /// The folder of the databases; best in memory.
        var folder: String
        /// Where the databases come from.
        var disks: Disks
        var isTracing = false
        var mutant: Mutant?
        /// Called after every step, with the path of the first client's database.
        var afterStep: @Sendable (String) -> Void = { _ in }
    }

    let scenario: Scenario
    let options: Options
    let world: World
    let clients: [Client]
    let ledger = Mutex(Ledger())
    private let errands = Mutex(0)
    /// What a mutant puts back after a crash.
    let snapshots = Mutex<[Int: String]>([:])

    init(_ scenario: Scenario, _ options: Options) throws {
        self.scenario = scenario
        self.options = options
        let world = World(scenario, isTracing: options.isTracing)
        self.world = world
        try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
        let accounts = ["user1", scenario.secondUser, "admin"].prefix(scenario.clientsInUse)
        clients = try accounts.enumerated().map { number, account in
            try Client(number: number, account: account, world: world, scenario, options)
        }
        let clients = clients
        world.knows.withLock {
            $0 = { client, lease in clients[client].hasHad(lease) }
        }
    }

    /// Runs the scenario.
    ///
    /// - Returns: the rule that was broken; `nil` if none was.
    func run() async -> String? {
        defer {
            for client in clients { client.leave(options.disks, isSound: world.violation == nil) }
            options.disks.clear(options.folder)
            // It knows the clients, which know the world.
            world.knows.withLock { $0 = nil }
        }
        for client in clients.prefix(scenario.isNewToSecond ? 1 : 2) { await sync(client, isQuiet: true) }
        for step in scenario.steps {
            world.pass(seconds: step.pauseSeconds)
            await perform(step)
            checkAfterStep()
            if let violation = world.violation { return violation }
            options.afterStep(clients[0].path)
        }
        await comeToRest()
        options.afterStep(clients[0].path)
        return world.violation
    }

    // MARK: - Steps

    private func perform(_ step: Step) async {
        world.note("\(step.number): \(step.action) at \(world.now)")
        for client in clients {
            client.reseed(scenario.seed &+ UInt64(step.number + 1) &* 0xD1B5_4A32 &+ UInt64(client.number) &* 77)
        }
        await perform(step.action, step)
        for client in clients { note(client) }
    }

    func perform(_ action: Action, _ step: Step? = nil) async {
        if let client = action.client { ledger.withLock { _ = $0.touched.insert(client) } }
        switch action {
        case .create(let number, let plan): await create(clients[number], plan)
        case .lookalike(let number, let plan): makeLookalike(clients[number], plan)
        case .change(let number, let verb, let target, let minutes):
            change(clients[number], verb, target: target, minutes: minutes)
        case .decide(let number, let decision, let target): decide(clients[number], decision, target: target)
        case .sync(let number, let confirms, let isFresh):
            await sync(clients[number], step, confirmsDeletes: confirms, isFresh: isFresh)
        case .push(let number, let isFresh): await push(clients[number], step, isFresh: isFresh)
        case .other(let number): await otherProcess(clients[number], step)
        case .command(let number, let verb, let target, let minutes):
            await command(clients[number], verb, target: target, minutes: minutes, step)
        case .setClock(let number, let seconds): clients[number].setClock(secondsOff: seconds)
        case .reap(let target): reap(target)
        case .strangerCreates(let user, let minutes): strangerCreates(user, minutes: minutes)
        case .strangerChanges(let target, let minutes): strangerChanges(target, minutes: minutes)
        case .amend(let number, let amendment, let target): amend(clients[number], amendment, target: target)
        case .use(let number, let entry): clients[number].use(entry)
        case .edit(let number, let region, let account):
            clients[number].edit(Place(region: world.regions.contains(region) ? region : .one, account: account))
        case .swapEntries(let number): clients[number].swapEntries()
        case .keep(let number, let target, let hours): keep(clients[number], target: target, hours: hours)
        case .wait(let number, let plan): wait(clients[number], plan)
        case .importFrom(let number, let other): importHistory(clients[number], from: clients[other])
        }
    }

    private func note(_ client: Client) {
        guard options.isTracing, let queue = try? client.store.mutations(scopes: nil, includesFinal: true) else {
            return
        }
        for mutation in queue {
            world.note(
                """
                  client \(client.number) #\(mutation.id) \(mutation.verb) \(mutation.leaseID ?? mutation.localID ?? "") \
                \(mutation.state) \(mutation.reason ?? "") attempts \(mutation.attempts) \
                next \(mutation.nextAttemptAt)
                """)
        }
    }

    // MARK: - Processes

    func errand(_ client: Client, _ store: LeaseStore, _ step: Step?, isQuiet: Bool = false) -> Errand {
        snapshots.withLock { $0[client.number] = nil }
        let number = errands.withLock {
            $0 += 1
            return $0
        }
        return Errand(
            number: number, client: client.number, store: store, faults: step?.faults ?? [:], crashAt: step?.crashAt,
            latencySeconds: isQuiet ? 0 : 1,
            interlude: { [self] action in
                world.note("  meanwhile: \(action)")
                await perform(action)
            },
            onDeath: { [self] in world.note("  the process of client \(client.number) dies") },
            onCheckpoint: { [self] name in remember(client, store, at: name) },
            onWrite: { [self] in checkDestination(client, store, $0, mutation: $1, $2) },
            onChange: { [self] in checkLook(client, $0, isAsSeen: $1, present: $2) })
    }

    var syncOptions: SyncOptions {
        var options = SyncOptions()
        options.readsResources = false
        options.concurrency = 1
        if self.options.mutant == .noQuietPeriod { options.quietPeriodSeconds = 0 }
        return options
    }

    @discardableResult
    func sync(
        _ client: Client, _ step: Step? = nil, confirmsDeletes: Bool = false, isFresh: Bool = false,
        isQuiet: Bool = false
    ) async -> SyncReport {
        ledger.withLock {
            _ = $0.touched.insert(client.number)
            _ = $0.places[client.number, default: []].insert(client.place)
        }
        try? decideForNobody(client)
        try? breakBinding(client)
        let due = step?.faults.isEmpty ?? true ? dueExtensions(client) : []
        let waiting = step?.faults.isEmpty ?? true ? dueCreations(client) : []
        let errand = errand(client, client.store, step, isQuiet: isQuiet)
        let moment = world.moment
        var options = syncOptions
        options.confirmsDeletes = confirmsDeletes
        let report = await CloudSync(
            store: client.store, connection: client.connection(errand, isFresh: isFresh), options: options,
            keeper: keeper(client.store), waiter: waiter(client, client.store), random: client.random,
            checkpoint: { try errand.checkpoint($0) },
            progress: { _ in try? errand.checkpoint("progress") }
        ).run()
        world.note("  client \(client.number) synced: \(report.failure?.rawValue ?? "well")")
        checkSuspicion(client, report)
        if report.failure == nil, !errand.isDead {
            checkExtended(client, due)
            checkLetGo(client, waiting)
        }
        if !errand.isDead, step?.isUndisturbed ?? true { checkReport(client, report) }
        let isCurrent = report.failure == nil && !errand.isDead && world.moment == moment
        ledger.withLock { $0.fresh[client.number] = isCurrent ? [client.place: moment] : nil }
        revive(client, errand)
        return report
    }

    private func push(_ client: Client, _ step: Step?, isFresh: Bool) async {
        guard let scope = try? client.store.scope(ofCloud: client.cloud) else { return }
        let errand = errand(client, client.store, step)
        do {
            _ = try await flush(client, errand).run(
                client.connection(errand, isFresh: isFresh), scope: scope, waitingFor: 0)
        } catch {
            if !errand.isDead { world.violate("a push failed: \(error)") }
        }
        revive(client, errand)
    }

    func flush(_ client: Client, _ errand: Errand) -> PromptSender {
        PromptSender(
            store: client.store, options: syncOptions, random: client.random,
            checkpoint: { try errand.checkpoint($0) }, sleep: { _ in },
            progress: { _ in try? errand.checkpoint("progress") })
    }

    /// A second process of the same client, for the duration of one sync.
    private func otherProcess(_ client: Client, _ step: Step?) async {
        guard let store = try? LeaseStore(path: client.path, access: .writing) else { return }
        let errand = errand(client, store, step)
        _ = await CloudSync(
            store: store, connection: client.otherConnection(errand), options: syncOptions, keeper: keeper(store),
            waiter: waiter(client, store), random: client.random,
            checkpoint: { try errand.checkpoint($0) }, progress: { _ in try? errand.checkpoint("progress") }
        ).run()
        try? store.close()
    }

    private func revive(_ client: Client, _ errand: Errand) {
        guard errand.isDead else { return }
        do {
            putBack(client)
            try client.restart()
            if options.mutant == .resendsAfterCrash { try forgetSending(client) }
        } catch {
            world.violate("the database of client \(client.number) cannot be opened again: \(error)")
        }
    }
}
