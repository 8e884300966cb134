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
        /// What chance gives next, for this client's clock of chance.
        var chance: Chance
    }

    let number: Int
    let account: String
    let path: String
    let world: World
    private let transport: FaultyTransport
    private let state: Mutex<State>
    private let sendsToken: Bool

    init(
        number: Int, account: String, path: String, world: World, secondsOff: Int64, seed: UInt64, sendsToken: Bool
    ) throws {
        self.number = number
        self.account = account
        self.path = path
        self.world = world
        self.sendsToken = sendsToken
        transport = FaultyTransport(world: world)
        state = Mutex(
            State(
                store: try LeaseStore(path: path, access: .writing), secondsOff: secondsOff,
                chance: Chance(seed: seed &+ UInt64(number) &* 0x9E37)))
    }

    var store: LeaseStore { state.withLock { $0.store } }
    var now: Timestamp { world.now.adding(seconds: state.withLock { $0.secondsOff }) }
    var random: @Sendable () -> UInt64 { { [self] in state.withLock { $0.chance.next() } } }

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
        let cloud = CloudConfiguration(
            name: "cloud", origin: .environment, authURL: World.origin + "/identity", authType: "v3password",
            credentials: .password(
                user: .name(account, domain: .id("default")), password: Secret("sandbox-password")),
            project: .name(account == "admin" ? "admin" : "project1", domain: .id("default")),
            sendsClientEvent: sendsToken)
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
        let transport = FaultyTransport(world: world)
        transport.serve(errand)
        let clock: @Sendable () -> Timestamp = { [self] in now }
        let cloud = CloudConfiguration(
            name: "cloud", origin: .environment, authURL: World.origin + "/identity", authType: "v3password",
            credentials: .password(
                user: .name(account, domain: .id("default")), password: Secret("sandbox-password")),
            project: .name(account == "admin" ? "admin" : "project1", domain: .id("default")),
            sendsClientEvent: sendsToken)
        return CloudConnection(
            cloud: cloud, session: KeystoneSession(cloud: cloud, transport: transport, clock: clock), now: clock)
    }
}
