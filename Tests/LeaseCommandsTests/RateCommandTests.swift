import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Service units as a command")
struct RateCommandTests {
    private static let policy = """
        sites:
          alpha:
            su_rates:
              - {su_per_hour: 1}
              - {su_per_hour: 2, from: 2027-01-15}
              - {node_type: gpu, su_per_hour: 4}
        """

    /// A filled database of the sites alpha and beta, and a file next to it.
    private func fixture(_ file: String, _ text: String) throws -> CommandFixture {
        var fixture = try CommandFixture()
        try Data(text.utf8).write(to: fixture.mirror.folder.appendingPathComponent(file))
        fixture.environment["LEASEHOLD_POLICY"] = file == "policy.yaml" ? file : nil
        return fixture
    }

    @Test("use the policy's rates, even if they overlap, and name the sites without any")
    func policyRates() async throws {
        let fixture = try fixture("policy.yaml", Self.policy)
        defer { fixture.remove() }
        let arguments = ["report", "su", "--by", "site,node_type", "--to", "2027-01-16"]
        let result = try await fixture.run(arguments + ["-f", "json"])
        let rows = try #require(result.json?.arrayValue)
        #expect(Set(rows.map { $0["site"]?.stringValue }) == ["alpha"])
        // At most two nodes, for an hour.
        #expect(rows.first { $0["node_type"]?.stringValue == "gpu" }?["su"]?.doubleValue == 8)
        #expect(
            result.errors == "Leases of sites for which the policy file has no rates are left out: those of beta.\n")
        #expect(try await fixture.run(arguments + ["-f", "json", "-q"]).errors.isEmpty)
        let table = try await fixture.run(arguments)
        #expect(table.lines.contains { $0.hasPrefix("| alpha | all ") })
        #expect(table.lines.contains { $0.hasPrefix("| total ") })
        let page = try await fixture.run(arguments + ["--bucket", "day", "-f", "html"]).output
        #expect(page.contains("<svg role=\"img\" aria-label=\"Service units"))
        #expect(page.contains("those of beta."))
    }

    @Test(
        "refuse contradictory tables of rates",
        arguments: [
            (
                "resource_type,node_type,rate,from,until\nnode,,1,,2027-01-01",
                "'until' (did you mean 'to'?)"
            ),
            (
                "resource_type,rate,rat\nnode,1,2",
                "'rat' (did you mean 'rate'?). Known: resource_type, "
            ),
            ("resource_type,rate,Rate\nnode,1,2", "two columns 'rate'"),
            ("resource_type,rate\n", "no line"),
            ("resource_type,rate\nnode,1,2027-01-01", "3 fields in line 2"),
            ("resource_type,rate\nnode,1\nphyscial:host,1", "'physcial:host' in line 3"),
            ("resource_type,rate\nphyscial:host,1", "(did you mean 'physical:host'?)"),
            ("resource_type,rate,from,to\nnode,1,,2027-01-02\nnode,2,2027-01-01,", "two rates"),
        ])
    func tables(text: String, words: String) async throws {
        let fixture = try fixture("rates.csv", text)
        defer { fixture.remove() }
        let result = try await fixture.run("report", "su", "--rates", "rates.csv")
        #expect(result.status == .data)
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("accept rates of an unknown type if there are such leases")
    func strangeType() async throws {
        let fixture = try fixture("rates.csv", "resource_type,rate\nquantum,3")
        defer { fixture.remove() }
        var lease = StoreFixture.lease("q", to: 15)
        lease.reservations[0].resourceType = ResourceType(rawValue: "quantum")
        lease.reservations[0].fields = ["amount": 2]
        try fixture.mirror.pull([lease], at: 11)
        let result = try await fixture.run(
            "report", "su", "--rates", "rates.csv", "--to", "2027-01-16", "-f", "json")
        #expect(result.json?.arrayValue?.first?["su"]?.doubleValue == 1.5)
        #expect(result.errors.isEmpty)
    }

    @Test("read the dates of rates as days of the zone, even if midnight is skipped")
    func ratesOfSkippedDays() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let text = "resource_type,rate,from,to\nphysical:host,1,,2026-04-24\nphysical:host,2,2026-04-24,\n"
        try Data(text.utf8).write(to: fixture.mirror.folder.appendingPathComponent("rates.csv"))
        let result = try await fixture.run(
            "report", "su", "--rates", "rates.csv", "--tz", "Africa/Cairo", "--from", "2026-04-24")
        #expect(result.status == .success, "\(result.errors)")
    }

    /// A charge: a span in seconds, and its cost per hour.
    private struct Charge {
        let start: Int64
        var end: Int64
        let hourly: Double
    }

    @Test("give the bill of a lease whose number changed twice and whose end changed once, to the cent")
    func bill() async throws {
        var fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        let policy =
            "su_rates: [{su_per_hour: 1}, {node_type: gpu, su_per_hour: 2.5}, {resource_type: fip, su_per_hour: 0}]"
        try Data(policy.utf8).write(to: fixture.mirror.folder.appendingPathComponent("policy.yaml"))
        fixture.environment["LEASEHOLD_POLICY"] = "policy.yaml"
        func seconds(_ minutes: Int) -> Int64 { StoreFixture.time(minutes).secondsSince1970 }
        func lease(_ count: Int, to end: Int, changedAt: Int64?) -> BlazarLease {
            var lease = StoreFixture.lease("bill", status: .active, from: -3_000, to: end, nodeType: "gpu")
            lease.reservations[0].fields["min"] = JSONValue(count)
            lease.reservations[0].fields["max"] = JSONValue(count)
            lease.reservations.append(
                Reservation(
                    id: "r-fip", leaseID: "bill", resourceType: .floatingIP, status: .active,
                    fields: ["amount": 3, "network_id": "n"]))
            lease.updatedAt = changedAt.map(Timestamp.init(secondsSince1970:))
            return lease
        }
        // Each change is seen only at a sync some time after it.
        let changes: [(count: Int, end: Int, at: Int64, seen: Int)] = [
            (3, -1_500, seconds(-2_610) + 15, -2_580), (3, -60, seconds(-2_400) + 1, -2_390),
            (1, -60, seconds(-1_755) + 40, -1_700),
        ]
        try fixture.mirror.pull([lease(2, to: -1_500, changedAt: seconds(-3_000) + 2)], at: -2_990)
        try fixture.mirror.pull([lease(2, to: -1_500, changedAt: seconds(-3_000) + 2)], at: -2_620)
        // What the portal charges: each change closes a charge at that moment, and opens another.
        var charges = [Charge(start: seconds(-3_000), end: seconds(-1_500), hourly: 2 * 2.5)]
        for change in changes {
            try fixture.mirror.pull([lease(change.count, to: change.end, changedAt: change.at)], at: change.seen)
            charges[charges.count - 1].end = change.at
            charges.append(Charge(start: change.at, end: seconds(change.end), hourly: Double(change.count) * 2.5))
        }
        var ended = lease(1, to: -60, changedAt: seconds(-60) + 3)
        ended.status = .terminated
        try fixture.mirror.pull([ended], at: -30)
        let expected = charges.reduce(0) { $0 + Double($1.end - $1.start) / 3_600 * $1.hourly }
        let rows = try await fixture.run("report", "su", "-f", "json").json?.arrayValue
        let billed = try #require(rows?.first?["su"]?.doubleValue)
        #expect((billed * 100).rounded() == (expected * 100).rounded(), "\(billed), not \(expected)")
        let types = try await fixture.run("report", "su", "--by", "resource_type", "-f", "json").json?.arrayValue
        #expect(types?.first { $0["resource_type"] == "virtual:floatingip" }?["su"]?.doubleValue == 0)
    }
}
