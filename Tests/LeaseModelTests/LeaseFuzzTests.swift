import CaptureFixtures
import LeaseModel
import Testing

/// Damaged answers may be refused but never crash, and whatever is read must survive a round trip.
@Suite struct LeaseFuzzTests {
    @Test func damagedLeasesNeverCrash() throws {
        var random = SeededRandom(seed: 11)
        let bodies = Capture.all.map(\.body).filter { (1...4_000).contains($0.count) }
        var parsed = 0
        var leases = 0
        for round in 0..<4_000 {
            let body = bodies[round % bodies.count].mutated(using: &random)
            guard let value = try? JSONValue(parsing: body) else { continue }
            parsed += 1
            #expect(try JSONValue(parsing: value.text()) == value)
            guard let object = value["lease"]?.objectValue, let lease = try? BlazarLease(json: object) else { continue }
            leases += 1
            #expect(try BlazarLease(json: lease.json()) == lease)
            _ = lease.reservations.map { $0.requiredValue(of: "node_type") }
        }
        // Otherwise the mutations are so wild that nothing is tested.
        #expect(parsed > 300)
        #expect(leases > 100)
    }
}
