// swift-tools-version: 6.2
import PackageDescription

// CI sets LEASEHOLD_STRICT=1: a warning is then an error. Off by default, so that a newer compiler's warnings
// never break somebody who only links the library.
let isStrict = Context.environment["LEASEHOLD_STRICT"] == "1"

// tools/package names the tag and commit here, for 'leasehold --version'. It changes what one small module is compiled with.
let build = Context.environment["LEASEHOLD_BUILD"] ?? ""

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let http: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

// CI optimizes only the modules that read and write JSON: a thirtieth of the code, in which many tests spend most of their
// time. It is a frontend's flag because those come after the flags of the command line, and so override its -Onone.
let optimized: [SwiftSetting] = settings + (isStrict ? [.unsafeFlags(["-Xfrontend", "-O"])] : [])

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = settings
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
    name: "leasehold",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Leasehold", targets: ["Leasehold"]),
        // For programs that show leases in a browser; it brings a web server along.
        .library(name: "LeaseWeb", targets: ["LeaseWeb"]),
        .executable(name: "leasehold", targets: ["LeaseholdCLI"]),
    ],
    dependencies: [
        // GRDB does not officially support Linux: our own tests are the guard, so its version is pinned.
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.5.1"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure: no input, no output, no clock.
        module("LosslessJSON", [], optimized),
        module("LeaseModel", ["LosslessJSON"]),
        module("SyncPlanner", ["LeaseModel"]),
        module("LeaseReports", ["LeaseModel"]),

        // How files are opened: a database of ours never past SQLite.
        module("LocalFiles"),

        // The database.
        .target(
            name: "Migrations",
            path: "Migrations",
            resources: [
                .embedInCode("v0001_store.sql"), .embedInCode("v0002_keeper.sql"),
                .embedInCode("v0003_reminders.sql"), .embedInCode("v0004_waiting.sql"),
                .embedInCode("v0005_publish.sql"), .embedInCode("v0006_holdings.sql"), .embedInCode("v0007_grid.sql"),
                .embedInCode("v0008_publications.sql"), .embedInCode("v0009_starts.sql"),
                .embedInCode("v0010_orders.sql"),
                .embedInCode("views.sql"),
            ],
            swiftSettings: settings),
        module("LeaseStore", ["LeaseModel", "LocalFiles", "SyncPlanner", "Migrations", grdb, sqlite]),

        // YAML that other people wrote.
        module("YAMLReading", [yams]),

        // The network.
        module(
            "OpenStackClient",
            ["LeaseModel", "LocalFiles", "YAMLReading", http, nioCore, nioHTTP1, nioPosix, nioSSL, yams, logging]),
        module("BlazarClient", ["LeaseModel", "OpenStackClient"], optimized),

        // The two together.
        module(
            "SyncEngine",
            ["LeaseModel", "LocalFiles", "SyncPlanner", "LeaseStore", "OpenStackClient", "BlazarClient", logging]),

        // What people are reminded of, and how they are told.
        module("Reminders", ["LeaseModel", "LocalFiles", "LeaseStore", "OpenStackClient"]),
        module("Leasehold", ["LeaseModel", "LocalFiles", "LeaseStore", "SyncEngine", "Reminders", logging]),

        // What leaves the machine for others: PostgreSQL, snapshots.
        .target(
            name: "LeasePublish",
            dependencies: ["LeaseModel", "LocalFiles", "LeaseStore", "OpenStackClient"],
            resources: [
                .embedInCode("PostgreSQL/postgres_v1.sql"), .embedInCode("PostgreSQL/postgres_views.sql"),
            ],
            swiftSettings: settings),

        // The command: how results look, and what there is to show.
        module("Output", ["LeaseModel", "LeaseReports", yams]),
        module("LeaseText", ["LeaseModel", "LeaseReports", "Leasehold", "LocalFiles", "Output"]),

        // The page in a browser.
        .target(
            name: "LeaseWeb",
            dependencies: [
                "LeaseText", "Leasehold", "LeaseModel", "LeaseReports", "LocalFiles", "Output", hummingbird,
                hummingbirdCore, mustache, httpTypes, nioCore, nioHTTPTypes, logging, lifecycle,
            ],
            resources: [.embedInCode("Resources")], swiftSettings: settings),
        .target(name: "BuildVersion", cSettings: [.define("LEASEHOLD_BUILD", to: "\"\(build)\"")]),
        module(
            "LeaseCommands",
            [
                "BuildVersion", "LeasePublish", "LeaseText", "LeaseWeb", "Leasehold", "LeaseModel", "LeaseReports",
                "LocalFiles",
                "Output", "Reminders", "YAMLReading",
                arguments, yams,
                lifecycle,
                unixSignals, logging,
            ]),
        .executableTarget(name: "LeaseholdCLI", dependencies: ["LeaseCommands", arguments], swiftSettings: settings),

        // Test support, in no product.
        .target(
            name: "BlazarModel", dependencies: ["LeaseModel"], path: "Tests/Support/BlazarModel",
            swiftSettings: settings),
        .executableTarget(
            name: "Sandbox",
            dependencies: ["BlazarModel", "LeaseModel", hummingbird, httpTypes, arguments, logging, nioCore],
            path: "Tests/Support/Sandbox", swiftSettings: settings),

        // What tools/bench compares with.
        .executableTarget(
            name: "Bench", dependencies: ["BlazarClient", "LeaseModel"], path: "Tests/Support/Bench",
            swiftSettings: settings),

        // The recorded requests and replies of real clouds, for the tests of whoever reads such replies.
        .target(name: "CaptureFixtures", path: "Tests/Support/CaptureFixtures", swiftSettings: settings),

        // The deterministic simulation of the whole engine.
        .target(
            name: "Simulation",
            dependencies: [
                "LeaseModel", "SyncPlanner", "LeaseStore", "OpenStackClient", "SyncEngine", "Leasehold", "BlazarModel",
                grdb,
            ],
            path: "Tests/Simulation", swiftSettings: settings),
        .executableTarget(
            name: "Simulate", dependencies: ["Simulation", "BlazarModel", arguments], path: "Tests/Simulate",
            swiftSettings: settings),

        // What chi.lease's documentation does, in a few lines; and the library at work on a real cloud, for a test.
        .executableTarget(
            name: "ChiLease", dependencies: ["Leasehold"], path: "examples/ChiLease", swiftSettings: settings),
        .executableTarget(
            name: "LeaseStory", dependencies: ["Leasehold", "LeaseModel"], path: "Tests/LeaseStory",
            swiftSettings: settings),

        // Databases with leases in them, for the tests of whoever reads or fills one.
        .target(
            name: "MirrorFixtures",
            dependencies: ["LeaseModel", "SyncPlanner", "LeaseStore"],
            path: "Tests/Support/MirrorFixtures",
            swiftSettings: settings),

        // A Blazar in memory behind a transport, with faults, for the tests of whoever talks to clouds.
        .target(
            name: "CloudFixtures",
            dependencies: ["BlazarModel", "LeaseModel", "OpenStackClient"],
            path: "Tests/Support/CloudFixtures",
            swiftSettings: settings),

        tests("LocalFilesTests", ["LocalFiles"]),
        tests("LeaseModelTests", ["LosslessJSON", "LeaseModel", "CaptureFixtures"]),
        tests("BlazarClientTests", ["LeaseModel", "OpenStackClient", "BlazarClient", "CaptureFixtures"]),
        tests("LeaseReportsTests", ["LeaseModel", "LeaseReports"]),
        tests("SyncPlannerTests", ["LeaseModel", "SyncPlanner", "CaptureFixtures"]),
        tests(
            "LeaseStoreTests",
            ["LeaseModel", "SyncPlanner", "Migrations", "LeaseStore", "MirrorFixtures", "CaptureFixtures", grdb]),
        tests(
            "SyncEngineTests",
            [
                "LeaseModel", "LocalFiles", "SyncPlanner", "LeaseStore", "OpenStackClient", "BlazarClient",
                "SyncEngine", "BlazarModel", "MirrorFixtures", "CaptureFixtures", "CloudFixtures",
            ]),
        tests(
            "RemindersTests",
            [
                "LeaseModel", "LeaseStore", "OpenStackClient", "Reminders", "MirrorFixtures", "CaptureFixtures",
            ]),
        tests("LeasePublishTests", ["LeaseModel", "LeasePublish", "LeaseStore", "LocalFiles", "MirrorFixtures"]),
        tests(
            "LeaseholdTests",
            [
                "LeaseModel", "LeaseStore", "OpenStackClient", "SyncEngine", "Leasehold", "BlazarModel",
                "MirrorFixtures", "CloudFixtures",
            ]),
        tests(
            "LeaseCommandsTests",
            [
                "CaptureFixtures", "LeaseCommands", "LeaseModel", "LeaseReports", "LeaseStore", "LeaseText",
                "Leasehold", "MirrorFixtures", "OpenStackClient", "Output", arguments, yams,
            ]),
        tests(
            "OpenStackClientTests",
            [
                "CaptureFixtures", "LeaseModel", "OpenStackClient", http, nioCore, nioHTTP1, nioPosix, nioSSL, logging,
            ]),
        tests(
            "LeaseWebTests",
            [
                "LeaseModel", "LeaseReports", "LeaseStore", "LeaseText", "LeaseWeb", "Leasehold", "MirrorFixtures",
                hummingbird, hummingbirdTesting, httpTypes, nioCore, nioPosix,
            ]),
        tests("BlazarModelTests", ["BlazarModel", "LeaseModel"]),
        tests("SimulationTests", ["Simulation", "BlazarModel"]),
    ]
)
