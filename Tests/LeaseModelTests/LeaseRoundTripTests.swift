import CaptureFixtures
import LeaseModel
import Testing

/// Everything a server says about a lease survives reading and writing.
@Suite struct LeaseRoundTripTests {
    /// Every lease object of every capture.
    static let capturedLeases: [(name: String, object: JSONObject)] = Capture.all.flatMap { capture in
        guard let body = (try? JSONValue(parsing: capture.body))?.objectValue else { return [(String, JSONObject)]() }
        let one = body["lease"]?.objectValue.map { [$0] } ?? []
        let many = body["leases"]?.arrayValue?.compactMap(\.objectValue) ?? []
        return (one + many).map { (capture.name, $0) }
    }

    @Test func everyMemberOfEveryCapturedLeaseSurvives() throws {
        #expect(Self.capturedLeases.count > 250)
        for (name, object) in Self.capturedLeases {
            let lease = try BlazarLease(json: object)
            #expect(Self.losses(from: .object(object), to: .object(lease.json())) == [], "\(name)")
            #expect(try BlazarLease(json: lease.json()) == lease, "\(name)")
            #expect(try BlazarLease(json: lease.json(times: .iso8601)) == lease, "\(name)")
        }
    }

    @Test func unknownMembersSurvive() throws {
        var object = try #require(
            Self.capturedLeases.first { !($0.object["reservations"]?.arrayValue ?? []).isEmpty }
        ).object
        object["x_new"] = ["a": [1, "b", nil]]
        object["degraded"] = "maybe"
        object["created_at"] = "yesterday"
        var reservations = try #require(object["reservations"]?.arrayValue)
        var first = try #require(reservations.first?.objectValue)
        first["x_new"] = true
        reservations[0] = .object(first)
        object["reservations"] = .array(reservations)
        let lease = try BlazarLease(json: object)
        #expect(Self.losses(from: .object(object), to: .object(lease.json())) == [])
    }

    @Test func orderOfPartsDoesNotMatter() throws {
        for (name, object) in Self.capturedLeases {
            var turned = object
            for part in ["reservations", "events"] {
                turned[part] = (object[part]?.arrayValue).map { .array($0.reversed()) }
            }
            #expect(try BlazarLease(json: turned) == BlazarLease(json: object), "\(name)")
        }
    }

    @Test func damagedLeasesAreRefusedByName() throws {
        let object = try #require(Self.capturedLeases.first).object
        for field in ["id", "start_date", "end_date"] {
            var damaged = object
            damaged[field] = 5
            let error = #expect(throws: LeaseDecodingError.self) { try BlazarLease(json: damaged) }
            #expect(error?.field == field)
        }
    }

    /// Members that are missing or different in the other value; parts of a lease are found by their id.
    private static func losses(from old: JSONValue, to new: JSONValue, at path: String = "") -> [String] {
        switch (old, new) {
        case (.object(let oldObject), .object(let newObject)):
            return oldObject.members.flatMap { member -> [String] in
                let path = path + "." + member.key
                guard let value = newObject[member.key] else { return [path] }
                return losses(from: member.value, to: value, at: path)
            }
        case (.array(let oldValues), .array(let newValues)):
            guard oldValues.count == newValues.count else { return [path] }
            return oldValues.enumerated().flatMap { index, value -> [String] in
                let partner = value["id"].map { id in newValues.first { $0["id"] == id } } ?? newValues[index]
                return partner.map { losses(from: value, to: $0, at: path + "[\(index)]") } ?? [path]
            }
        default: return old == new ? [] : [path]
        }
    }
}
