import ArgumentParser
import BlazarModel
import FoundationEssentials
import Hummingbird
import LeaseModel
import Logging
import NIOCore

/// A small Blazar with Keystone, Nova and Neutron in memory, on loopback, for a first try and for tests.
@main
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leasehold-sandbox",
        abstract: "A small Blazar, Keystone, Nova and Neutron in memory, on loopback.",
        discussion: """
            It forgets everything when it stops (Ctrl-C or SIGTERM). --write-clouds-yaml writes the passwords of its \
            accounts user1, user2, user3 and admin; user1 and user3 share a project.
            """)

    @Option(help: "The port; 0 chooses a free one.")
    var port = 0

    @Option(help: "Which Blazar it is: upstream or chameleon.")
    var dialect = Dialect.upstream

    @Option(help: "How many synthetic leases user1's project has at first.")
    var leases = 0

    @Option(help: "How many times faster than real time its clock runs.")
    var speed = 1.0

    @Option(help: "How many seconds a lease takes to start or to end.")
    var actionSeconds = 2

    @Option(help: "The seed of identifiers and synthetic leases.")
    var seed: UInt64 = 1

    @Flag(help: "Members may read hosts, networks, devices and allocations, as at Chameleon's sites.")
    var openInventory = false

    @Flag(help: "Reserve flavors, and count their free instances, as Chameleon's newer servers do.")
    var countFlavors = false

    @Option(help: "Return the list of leases in pages of this size, as Chameleon's newer servers may.")
    var page: Int?

    @Option(help: ArgumentHelp("A clouds.yaml to write, with an entry for each account.", valueName: "file"))
    var writeCloudsYaml: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be from 0 to 65535.") }
        guard leases >= 0 else { throw ValidationError("--leases must not be negative.") }
        guard page.map({ $0 > 0 }) ?? true else { throw ValidationError("--page must be 1 or more.") }
        guard speed > 0, speed <= 1_000_000 else { throw ValidationError("--speed must be above 0, up to 1000000.") }
        guard actionSeconds >= 0 else { throw ValidationError("--action-seconds must not be negative.") }
    }

    func run() async throws {
        let clock = SandboxClock(speed: speed)
        var policy = ModelPolicy(dialect: dialect)
        policy.actionSeconds = Int64(actionSeconds)
        policy.membersReadInventory = openInventory
        policy.countsFlavors = countFlavors
        policy.pageSize = page
        var model = BlazarModel(dialect: dialect, seed: seed, start: clock.now, policy: policy)
        if leases > 0 { model.addSyntheticLeases(leases) }
        let cloud = SandboxCloud(model: model, clock: clock)
        let cloudsFile = writeCloudsYaml.map(CloudsFile.init(path:))
        var logger = Logger(label: "leasehold-sandbox")
        logger.logLevel = .error
        let application = Application(
            responder: SandboxResponder(cloud: cloud),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                let origin = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
                await cloud.serve(at: origin)
                do {
                    try cloudsFile?.write(await cloud.accounts, origin: origin)
                } catch {
                    Self.say("cannot write \(cloudsFile?.path ?? ""): \(error)", to: .standardError)
                }
                Self.say(origin + "/identity/v3", to: .standardOutput)
            },
            logger: logger)
        try await application.runService()
    }

    private static func say(_ line: String, to output: Output) { output.write(line + "\n") }
}

extension Dialect: ExpressibleByArgument {}
