import LeaseModel
import Testing

@Suite("Checks of a change before it is queued")
struct ChangeReviewTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)

    private static func at(_ hours: Int64) -> Timestamp { now.adding(seconds: hours * 3_600) }
    private static func text(_ hours: Int64) -> JSONValue { .string(at(hours).blazarRequest) }

    private func lease(from start: Int64 = 1, to end: Int64 = 5) -> BlazarLease {
        BlazarLease(
            id: "a", name: "mine", userID: "u", projectID: "p", startsAt: Self.at(start), endsAt: Self.at(end),
            status: start > 0 ? .pending : .active,
            reservations: [
                Reservation(
                    id: "host", resourceType: .host, status: .pending,
                    fields: [
                        "min": 1, "max": 2, "hypervisor_properties": "", "resource_properties": "",
                    ]),
                Reservation(
                    id: "ips", resourceType: .floatingIP, status: .pending,
                    fields: ["network_id": "n", "amount": 2, "required_floatingips": ["172.24.4.2"]]),
            ])
    }

    private func fields(
        _ change: JSONObject, of lease: BlazarLease? = nil, pending: [JSONObject] = []
    ) -> [String] {
        ChangeReview(lease: lease ?? self.lease(), pending: pending, now: Self.now).findings(change).map(\.field)
    }

    private func asking(_ reservation: JSONObject) -> JSONObject { ["reservations": [.object(reservation)]] }

    @Test("Changes that Blazar accepts have no findings")
    func fine() {
        #expect(fields(["name": "new", "end_date": Self.text(9)]).isEmpty)
        #expect(fields(["start_date": Self.text(2), "end_date": Self.text(3)]).isEmpty)
        #expect(fields(["end_date": "now"], of: lease(from: -1)).isEmpty)
        #expect(fields(asking(["id": "host", "max": 3])).isEmpty)
        #expect(fields(asking(["id": "ips", "required_floatingips": []])).isEmpty)
        #expect(fields(["name": "new"], of: lease(from: -5, to: -1)).isEmpty)
    }

    @Test("Dates in the past or in the wrong order are refused")
    func dates() {
        #expect(fields(["end_date": Self.text(-1)], of: lease(from: -2)) == ["end_date"])
        #expect(fields(["start_date": Self.text(-1)]) == ["start_date"])
        #expect(fields(["start_date": Self.text(4), "end_date": Self.text(3)]) == ["end_date"])
        #expect(fields(["start_date": Self.text(6)]) == ["end_date"])
        #expect(fields(["start_date": Self.text(2)], of: lease(from: -1)) == ["start_date"])
    }

    @Test("Earlier queued changes count")
    func pending() {
        #expect(fields(["start_date": Self.text(6)], pending: [["end_date": Self.text(8)]]).isEmpty)
        #expect(fields(asking(["id": "host", "min": 3]), pending: [asking(["id": "host", "max": 3])]).isEmpty)
    }

    @Test("A lease that has ended can only be renamed")
    func ended() {
        #expect(fields(["end_date": Self.text(9)], of: lease(from: -5, to: -1)) == ["end_date"])
        #expect(fields(["name": "n", "end_date": Self.text(9)], of: lease(from: -5, to: -1)) == ["end_date"])
    }

    @Test("Names are measured as in Blazar's database")
    func names() {
        #expect(fields(["name": .string(String(repeating: "x", count: 80))]).isEmpty)
        #expect(fields(["name": .string(String(repeating: "x", count: 81))]) == ["name"])
        #expect(fields(["name": .string(String(repeating: "e\u{301}", count: 41))]) == ["name"])
    }

    static let reservationCases: [(JSONObject, String)] = [
        (["max": 2], "reservations"), (["id": "nosuch", "max": 2], "reservations[nosuch]"),
        (["id": "host", "min": 0], "reservations[host].min"), (["id": "host", "min": 3], "reservations[host].max"),
        (["id": "host", "min": "many"], "reservations[host].min"),
        (["id": "host", "resource_type": "network"], "reservations[host].resource_type"),
        (["id": "host", "resource_properties": "[\"or\"]"], "reservations[host].resource_properties"),
        (["id": "ips", "network_id": "m"], "reservations[ips].network_id"),
        (["id": "ips", "required_floatingips": ["172.24.4.9"]], "reservations[ips].required_floatingips"),
    ]

    @Test("A reservation that Blazar refuses is refused, with its field", arguments: reservationCases)
    func reservations(change: JSONObject, field: String) {
        #expect(fields(asking(change)) == [field])
    }
}
