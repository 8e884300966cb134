import Foundation
import LeaseModel
import LeaseStore
import LeaseText
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The shortcut of leasehold id and reservation-id")
struct ShortcutTests {
    typealias Shortcut = LeaseIdentify.Shortcut

    @Test(
        "The plain forms are recognized",
        arguments: [
            (["id", "mine"], nil), (["id", "mine", "--db", "a.sqlite"], "a.sqlite"),
            (["id", "--db", "a.sqlite", "mine"], "a.sqlite"),
        ] as [([String], String?)])
    func plain(arguments: [String], path: String?) throws {
        let shortcut = try #require(Shortcut(arguments))
        #expect(shortcut.reference == "mine")
        #expect(shortcut.databasePath == path)
    }

    @Test("A reservation is looked up by its lease and its type")
    func reservation() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let configuration = LeaseManager.Configuration(databasePath: fixture.mirror.path, environment: [:])
        for arguments in [
            ["night-2"], ["night-2", "--type", "node"], ["--type", "physical:host", "night-2"],
            ["addresses", "--type", "fip"], ["night-2", "--type", "fip"], ["night-2", "--type", "flavor"], ["nobody"],
        ] {
            let line = ["reservation-id"] + arguments
            var output = TextBuffer()
            let isAnswered = try #require(Shortcut(line)).answer(configuration, to: &output)
            // The usual path gives the same answer; errors are left to it.
            let result = try await fixture.run(line)
            #expect(isAnswered == (result.status == .success), "\(line)")
            #expect(output.text == result.output, "\(line)")
        }
    }

    @Test(
        "Everything else takes the usual path",
        arguments: [
            [], ["id"], ["show", "mine"], ["id", "mine", "other"], ["id", "--help"], ["id", "mine", "--os-cloud", "a"],
            ["id", "mine", "--db"], ["id", "mine", "--db", "--help"], ["id", "mine", "--db=a"], ["id", "--", "-mine"],
            ["id", "mine", "--db", "a", "--db", "b"], ["--version"],
            ["id", "mine", "--type", "node"], ["reservation-id"], ["reservation-id", "mine", "--type"],
            ["reservation-id", "mine", "--count", "2"], ["reservation-id", "mine", "--type", "node", "--type", "fip"],
        ])
    func others(arguments: [String]) { #expect(Shortcut(arguments) == nil) }

    @Test("If there is no such lease, nothing is written and the usual path is taken")
    func notFound() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "shortcut-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a.sqlite").path
        let configuration = LeaseManager.Configuration(databasePath: path, environment: [:])
        let shortcut = try #require(Shortcut(["id", "mine"]))
        var output = TextBuffer()
        #expect(!shortcut.answer(configuration, to: &output))
        _ = try LeaseManager(configuration)
        #expect(!shortcut.answer(configuration, to: &output))
        #expect(output.text.isEmpty)
    }

    @Test("The id is written; OS_CLOUD narrows the search as usual")
    func found() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "shortcut-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a.sqlite").path
        let store = try LeaseStore(path: path, access: .writing)
        for cloud in ["alpha", "beta"] {
            let scope = try store.scope(
                for: ScopeIdentity(
                    cloud: cloud, fingerprint: cloud, site: cloud, endpoint: "http://\(cloud)/reservation",
                    authURL: "http://\(cloud)/v3", region: "R", projectID: "p", projectName: "project", userID: "u",
                    userName: "user", seesAllProjects: false))
            let now = Timestamp(secondsSince1970: 1_800_000_000)
            var run = try store.beginRun(cloud: cloud, scope: scope.id, at: now)
            let lease = BlazarLease(
                id: "id-\(cloud)", name: "mine", userID: "u", projectID: "p", startsAt: now, endsAt: now,
                status: .active)
            _ = try store.apply([ObservedLease(lease: lease, digest: 1)], scope: scope, run: &run, at: now)
        }
        let shortcut = try #require(Shortcut(["id", "mine", "--db", path]))
        var output = TextBuffer()
        // Both sites have one: the usual path lists them.
        #expect(!shortcut.answer(LeaseManager.Configuration(environment: [:]), to: &output))
        #expect(shortcut.answer(LeaseManager.Configuration(environment: ["OS_CLOUD": "beta"]), to: &output))
        #expect(output.text == "id-beta\n")
    }
}
