import GRDB
import LeaseModel
import LeaseStore
import Leasehold
import OpenStackClient
import SyncEngine
import Synchronization

/// A person's computer: a database, a clock, and a process that may die.
final class Client: Sendable {
    private struct State: Sendable {
        var store: LeaseStore
        var secondsOff: Int64
        /// The connection with the session in use, once it has logged in.
        var connection: CloudConnection?
        /// Where the entries of clouds.yaml lead.
        var entries: [Place]
        /// The entry in use.
        var entry = 0
        /// The cloud of that entry, once it has been looked up.
        var cloud: CloudConfiguration?
        /// The leases that the database has or had.
        var known: Set<String> = []
        /// This client's random numbers.
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
    private let folder: String
    /// Whether its clouds come from `OS_*` variables.
    private let usesEnvironment: Bool

    init(
        number: Int, account: String, world: World, _ scenario: Scenario, _ options: Run.Options
    ) throws {
        self.number = number
        home = Place(region: .one, account: account)
        path = "\(options.folder)/client\(number).sqlite"
        self.world = world
        mutant = options.mutant
        folder = "\(options.folder)/home\(number)"
        usesEnvironment = scenario.usesEnvironment && number == 0
        transport = FaultyTransport(world: world, mutant: mutant)
        let other = Place(region: scenario.hasTwoRegions ? .two : .one, account: account)
        state = Mutex(
            State(
                store: try options.disks.take(path), secondsOff: scenario.secondsOff[number],
                entries: [home, other], chance: Chance(seed: scenario.seed &+ UInt64(number) &* 0x9E37)))
    }

    var store: LeaseStore { state.withLock { $0.store } }
    var now: Timestamp { world.now.adding(seconds: state.withLock { $0.secondsOff }) }
    var random: @Sendable () -> UInt64 { { [self] in state.withLock { $0.chance.next() } } }

    /// Where the entry in use leads.
    var place: Place { state.withLock { $0.entries[$0.entry] } }
    /// The account of the entry in use.
    var account: String { place.account }
    /// The name of the entry in use.
    var cloud: String { surroundings.cloud }

    private var surroundings: Surroundings {
        let (entries, entry) = state.withLock { ($0.entries, $0.entry) }
        return Surroundings(
            folder: folder, isEnvironmentOnly: usesEnvironment, hasRegions: world.regions.count > 1, entries: entries,
            entry: entry)
    }

    /// Switches to the first entry, and makes it lead to a place.
    func lead(to place: Place) {
        guard self.place != place || !usesEnvironment && cloud != Surroundings.entryNames[0] else { return }
        use(0)
        edit(place)
    }

    /// Switches to another entry.
    func use(_ entry: Int) { change { $0.entry = entry } }
    /// Edits the entry in use.
    func edit(_ place: Place) { change { $0.entries[$0.entry] = place } }
    /// Swaps the contents of two entries.
    func swapEntries() { change { $0.entries.swapAt(0, 1) } }

    /// A session belongs to the credentials that it was made with.
    private func change(_ body: (inout State) -> Void) {
        state.withLock {
            body(&$0)
            $0.connection = nil
            $0.cloud = nil
        }
    }

    /// Whether the database has or had a lease.
    func hasHad(_ lease: String) -> Bool {
        let (store, isKnown) = state.withLock { ($0.store, $0.known.contains(lease)) }
        if isKnown { return true }
        let found = try? store.read { database in
            try Bool.fetchOne(
                database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM lease WHERE id = ?)"), arguments: [lease])
        }
        guard found == true else { return false }
        state.withLock { _ = $0.known.insert(lease) }
        return true
    }

    func setClock(secondsOff: Int64) { state.withLock { $0.secondsOff = secondsOff } }

    /// Restarts the random numbers, so that they do not depend on steps left out before.
    func reseed(_ seed: UInt64) { state.withLock { $0.chance = Chance(seed: seed) } }

    /// The process has died: a new one opens the same file.
    func restart() throws {
        let store = try LeaseStore(path: path, access: .writing)
        state.withLock {
            $0.store = store
            $0.connection = nil
        }
    }

    /// The run is over. The database goes to the next one, unless a rule was broken.
    func leave(_ disks: Disks, isSound: Bool) {
        // Both know the client.
        state.withLock { $0.connection = nil }
        transport.serve(nil)
        if isSound { disks.giveBack(store) } else { try? store.close() }
    }

    /// The cloud as this client's process reaches it on an errand.
    func connection(_ errand: Errand, isFresh: Bool) -> CloudConnection {
        let cloud = configuration
        transport.serve(errand)
        return state.withLock { state in
            if let connection = state.connection, !isFresh { return connection }
            let connection = connection(cloud, transport)
            state.connection = connection
            return connection
        }
    }

    /// The cloud as another process of the same client reaches it.
    func otherConnection(_ errand: Errand) -> CloudConnection {
        let transport = FaultyTransport(world: world, mutant: mutant)
        transport.serve(errand)
        return connection(configuration, transport)
    }

    /// The manager of a command of the same client: a process of its own that finds its cloud itself.
    ///
    /// - Throws: ``LeaseholdError``.
    func manager(_ errand: Errand) throws -> LeaseManager {
        let surroundings = surroundings
        try surroundings.write()
        let transport = FaultyTransport(world: world, mutant: mutant)
        transport.serve(errand)
        let clock: @Sendable () -> Timestamp = { [self] in now }
        var configuration = LeaseManager.Configuration(
            databasePath: path, environment: surroundings.environment, currentDirectory: folder, homeDirectory: folder,
            now: clock)
        configuration.random = random
        let directory = CloudDirectory(
            environment: surroundings.environment, homeDirectory: folder, currentDirectory: folder,
            userAgent: "simulation", now: clock, uptime: uptime, decorate: { _ in transport })
        return try LeaseManager(configuration, access: .writing, directory: directory, sleep: { _ in })
    }

    private func connection(_ cloud: CloudConfiguration, _ transport: FaultyTransport) -> CloudConnection {
        let session = KeystoneSession(cloud: cloud, transport: transport, clock: { [self] in now }, uptime: uptime)
        return CloudConnection(
            cloud: cloud, session: mutant == .trustsOwnClock ? OwnClockSession(session: session) : session,
            now: { [self] in now })
    }

    private var uptime: @Sendable () -> Int64 { { [world] in world.now.secondsSince1970 } }

    private var configuration: CloudConfiguration {
        if let cloud = state.withLock({ $0.cloud }) { return cloud }
        var cloud: CloudConfiguration
        do {
            cloud = try surroundings.configuration()
        } catch {
            world.violate("the clouds of client \(number) cannot be read: \(error)")
            cloud = CloudConfiguration(
                name: "none", origin: .environment, authURL: World.origin, authType: "token",
                credentials: .token(Secret("none")))
        }
        cloud.sendsClientEvent = mutant != .adoptsWithoutToken
        state.withLock { $0.cloud = cloud }
        return cloud
    }
}

/// A session that hides the cloud's time.
private struct OwnClockSession: ServiceSession {
    let session: KeystoneSession

    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply { try await session.send(request) }
    func identity() async throws(ServiceError) -> TokenIdentity { try await session.identity() }
}
