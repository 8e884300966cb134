import LeaseModel
import LeaseStore
import OpenStackClient
import SyncEngine
import Synchronization

/// Somebody's computer: a database, a clock, and a process that may die.
final class Client: Sendable {
    private struct State: Sendable {
        var store: LeaseStore
        var secondsOff: Int64
        var session: KeystoneSession?
        /// Where the entries of clouds.yaml lead.
        var entries: [Place]
        /// The entry that is used.
        var entry = 0
        /// Leases that the database has, or has had.
        var known: Set<String> = []
        /// What chance gives next, for this client's clock of chance.
        var chance: Chance
    }

    let number: Int
    /// Where the first entry leads before anybody edits it.
    let home: Place
    let path: String
    let world: World
    private let transport: FaultyTransport
    private let state: Mutex<State>
    private let mutant: Mutant?
    /// Whether its clouds are those of `OS_*` variables.
    private let usesEnvironment: Bool

    init(
        number: Int, account: String, path: String, world: World, scenario: Scenario, mutant: Mutant?
    ) throws {
        self.number = number
        home = Place(region: .one, account: account)
        self.path = path
        self.world = world
        self.mutant = mutant
        usesEnvironment = scenario.usesEnvironment && number == 0
        transport = FaultyTransport(world: world, mutant: mutant)
        let other = Place(region: scenario.hasTwoRegions ? .two : .one, account: account)
        state = Mutex(
            State(
                store: try LeaseStore(path: path, access: .writing), secondsOff: scenario.secondsOff[number],
                entries: [home, other], chance: Chance(seed: scenario.seed &+ UInt64(number) &* 0x9E37)))
    }

    var store: LeaseStore { state.withLock { $0.store } }
    var now: Timestamp { world.now.adding(seconds: state.withLock { $0.secondsOff }) }
    var random: @Sendable () -> UInt64 { { [self] in state.withLock { $0.chance.next() } } }

    /// Where the entry that is used leads.
    var place: Place { state.withLock { $0.entries[$0.entry] } }
    /// The account of the entry that is used.
    var account: String { place.account }
    /// What the entry that is used is called.
    var cloud: String { name(ofEntry: state.withLock { $0.entry }) }

    /// Variables have no name of their own: another openrc file is the same cloud to whoever looks.
    private func name(ofEntry entry: Int) -> String {
        usesEnvironment ? "envvars" : entry == 0 ? "cloud" : "other"
    }

    /// The first entry is used, and leads to a place.
    func lead(to place: Place) {
        guard self.place != place || cloud != name(ofEntry: 0) else { return }
        use(0)
        edit(place)
    }

    /// Uses another entry.
    func use(_ entry: Int) { change { $0.entry = entry } }
    /// Edits the entry that is used.
    func edit(_ place: Place) { change { $0.entries[$0.entry] = place } }
    /// Swaps what two entries hold.
    func swapEntries() { change { $0.entries.swapAt(0, 1) } }

    /// A session belongs to the credentials that it was made with.
    private func change(_ body: (inout State) -> Void) {
        state.withLock {
            body(&$0)
            $0.session = nil
        }
    }

    /// Whether the database has, or has had, a lease.
    func hasHad(_ lease: String) -> Bool {
        let (store, isKnown) = state.withLock { ($0.store, $0.known.contains(lease)) }
        if isKnown { return true }
        var found = false
        try? store.query("SELECT 1 FROM lease WHERE id = '\(lease)'", columns: { _ in }, each: { _ in found = true })
        if found { state.withLock { _ = $0.known.insert(lease) } }
        return found
    }

    func setClock(secondsOff: Int64) { state.withLock { $0.secondsOff = secondsOff } }

    /// What chance gives from now on, so that it does not depend on what was left out before.
    func reseed(_ seed: UInt64) { state.withLock { $0.chance = Chance(seed: seed) } }

    /// The process has died: a new one opens the same file.
    func restart() throws {
        let store = try LeaseStore(path: path, access: .writing)
        state.withLock {
            $0.store = store
            $0.session = nil
        }
    }

    func close() { try? store.close() }

    /// The cloud as this client's process reaches it on an errand.
    func connection(_ errand: Errand, isFresh: Bool) -> CloudConnection {
        let cloud = configuration
        let clock: @Sendable () -> Timestamp = { [self] in now }
        transport.serve(errand)
        let session = state.withLock { state -> KeystoneSession in
            if let session = state.session, !isFresh { return session }
            let session = KeystoneSession(cloud: cloud, transport: transport, clock: clock)
            state.session = session
            return session
        }
        return CloudConnection(cloud: cloud, session: session, now: clock)
    }

    /// The cloud as another process of the same client reaches it.
    func otherConnection(_ errand: Errand) -> CloudConnection {
        let transport = FaultyTransport(world: world, mutant: mutant)
        transport.serve(errand)
        let clock: @Sendable () -> Timestamp = { [self] in now }
        let cloud = configuration
        return CloudConnection(
            cloud: cloud, session: KeystoneSession(cloud: cloud, transport: transport, clock: clock), now: clock)
    }

    private var configuration: CloudConfiguration {
        let (place, entry) = state.withLock { ($0.entries[$0.entry], $0.entry) }
        return CloudConfiguration(
            name: name(ofEntry: entry), displayName: usesEnvironment ? place.region.name : nil,
            origin: usesEnvironment ? .environment : .file("clouds.yaml"), authURL: World.origin + "/identity",
            authType: "v3password",
            credentials: .password(
                user: .name(place.account, domain: .id("default")), password: Secret("sandbox-password")),
            project: .name(place.project, domain: .id("default")),
            region: world.regions.count > 1 ? place.region.name : nil, sendsClientEvent: mutant != .adoptsWithoutToken)
    }
}
