import LeaseModel
import Testing

@Suite("Saved leases")
struct SavedLeasesTests {
    private func read(_ text: String) throws -> SavedLeases { try SavedLeases(parsing: Array(text.utf8)) }

    private let raw = """
        {"id": "a", "name": "night", "start_date": "2026-11-22T17:14:00.000000",
         "end_date": "2026-11-22T18:14:00.000000", "status": "ACTIVE", "project_id": "p1", "user_id": "u1",
         "reservations": [{"id": "r", "lease_id": "a", "resource_type": "physical:host", "status": "active", "min": 1}],
         "events": [{"id": "e", "event_type": "start_lease", "status": "DONE", "time": "2026-11-22T17:14:00.000000"}],
         "site:colour": "red"}
        """

    @Test("are the same in every form")
    func forms() throws {
        let line = raw.replacing("\n", with: " ")
        let forms = [
            raw, "[\(raw)]", "{\"leases\": [\(raw)]}", "{\"lease\": \(raw)}", line + "\n" + line + "\n",
            " [ \(raw) ]\n",
        ]
        for form in forms {
            let saved = try read(form)
            let lease = try #require(saved.leases.first)
            #expect(saved.leases.allSatisfy { $0 == lease })
            #expect(saved.passedOver == 0)
            #expect(!lease.isOutline)
            #expect(lease.lastSeenAt == nil)
            #expect(lease.lease.reservations.map(\.id) == ["r"])
            #expect(lease.lease.events.map(\.leaseID) == ["a"], "parts know the lease that contains them")
            #expect(lease.lease.extra == ["site:colour": "red"])
        }
    }

    @Test("from OpenStack's client have their parts joined in one text")
    func clientShow() throws {
        let text = """
            {
              "created_at": "2026-11-22 16:34:55", "degraded": false, "end_date": "2026-11-22T17:34:00.000000",
              "events": "{\\"id\\": \\"e1\\", \\"event_type\\": \\"start_lease\\", \\"status\\": \\"DONE\\"}\\n{\\"id\\": \\"e2\\", \\
            \\"event_type\\": \\"end_lease\\", \\"status\\": \\"UNDONE\\"}",
              "id": "a", "name": "cli-host", "project_id": "p1",
              "reservations": "{\\"id\\": \\"r\\", \\"resource_type\\": \\"physical:host\\", \\"status\\": \\"pending\\"}",
              "start_date": "2026-11-22T16:39:00.000000", "status": "PENDING", "user_id": "u1"
            }
            """.replacing("\\\n", with: "")
        let lease = try #require(try read(text).leases.first)
        #expect(lease.lease.events.map(\.id).sorted() == ["e1", "e2"])
        #expect(lease.lease.reservations.map(\.resourceType) == [.host])
        #expect(!lease.isOutline)
        let none = try read(#"{"id": "a", "start_date": "2026-11-22", "end_date": "2026-11-23", "events": ""}"#)
        #expect(none.leases.first?.lease.events == [])
    }

    @Test("from the list of OpenStack's client are outlines, whatever its column names", arguments: [true, false])
    func clientList(titled: Bool) throws {
        let keys = titled ? ["ID", "Name", "Start Date", "End Date"] : ["id", "name", "start_date", "end_date"]
        let text = """
            [{"\(keys[0])": "a", "\(keys[1])": "cap1", "\(keys[2])": "2026-11-22T17:14:00.000000",
              "\(keys[3])": "2026-11-22T18:14:00.000000"}]
            """
        let lease = try #require(try read(text).leases.first)
        #expect(lease.isOutline)
        #expect(lease.lease.name == "cap1")
        #expect(lease.lease.endsAt.iso8601 == "2026-11-22T18:14:00Z")
    }

    @Test("with only some columns are outlines too, and drafts among them are skipped")
    func someColumns() throws {
        let text = """
            [{"id": "a", "name": "n", "status": "ACTIVE", "start_date": "2026-11-22T17:14:00Z",
              "end_date": "2026-11-22T18:14:00Z"},
             {"id": "local-1", "name": "q", "status": "QUEUED", "start_date": "2026-11-22T17:14:00Z",
              "end_date": "2026-11-22T18:14:00Z"},
             {"id": "b", "deleted": true, "start_date": "2026-11-22", "end_date": "2026-11-23"}]
            """
        let saved = try read(text)
        #expect(saved.passedOver == 2)
        #expect(saved.leases.map(\.outlinedFields) == [["id", "name", "status", "start_date", "end_date"]])
        #expect(saved.leases.first?.lease.status == .active)
    }

    @Test("with times outside of the years 1 to 9999 are refused")
    func lastYear() throws {
        let text = #"{"id": "a", "start_date": "2026-11-22", "end_date": "9999-12-31T23:59:00-01:00"}"#
        let error = #expect(throws: SavedLeasesError.self) { try read(text) }
        #expect(error?.description.contains("end_date is not a date") == true)
        #expect(Timestamp(parsing: "0001-01-01T00:00:00+00:01") == nil)
        #expect(Timestamp(parsing: "9999-12-31T23:59:59Z")?.iso8601 == "9999-12-31T23:59:59Z")
    }

    @Test("from our own lists contain their times of observation, and drafts and removed states are skipped")
    func ownList() throws {
        let text = """
            [{"id": "a", "name": "n", "status": "ACTIVE", "user_name": "ada", "start_date": "2026-11-22T17:14:00Z",
              "end_date": "2026-11-22T18:14:00Z", "remaining": 5, "site": "alpha", "project_id": "p1",
              "reservations": [], "events": [], "extra": {"site:colour": "red"}, "deleted": false,
              "observed_at": "2026-11-22T17:20:00Z", "synced_at": "2026-11-22T17:30:00Z"},
             {"id": "b", "name": "g", "status": "ACTIVE", "start_date": "2026-11-22T17:14:00Z", "site": "alpha",
              "end_date": "2026-11-22T18:14:00Z", "project_id": "p1", "deleted": true,
              "observed_at": "2026-11-22T17:50:00Z", "synced_at": "2026-11-22T17:40:00Z"},
             {"id": "local-1", "name": "q", "status": "QUEUED", "start_date": "2026-11-22T17:14:00Z",
              "end_date": "2026-11-22T18:14:00Z", "site": "alpha", "synced_at": null}]
            """
        let saved = try read(text)
        #expect(saved.passedOver == 1)
        let lease = try #require(saved.leases.first)
        #expect(lease.firstSeenAt?.iso8601 == "2026-11-22T17:20:00Z")
        #expect(lease.lastSeenAt?.iso8601 == "2026-11-22T17:30:00Z")
        #expect(lease.lease.extra == ["site:colour": "red"])
        #expect(saved.leases.last?.firstSeenAt == nil)
        #expect(saved.leases.last?.lastSeenAt?.iso8601 == "2026-11-22T17:40:00Z")

        let states = """
            [{"observed_at": "2026-11-22T17:00:00Z", "last_seen_at": "2026-11-22T17:10:00Z", "deleted": false,
              "lease": \(raw)},
             {"observed_at": "2026-11-22T17:20:00Z", "last_seen_at": "2026-11-22T17:20:00Z", "deleted": true,
              "lease": \(raw)}]
            """
        let history = try read(states)
        #expect(history.leases.map(\.firstSeenAt?.iso8601) == ["2026-11-22T17:00:00Z"])
        #expect(history.passedOver == 1)
    }

    @Test(
        "that are damaged are refused as a whole",
        arguments: [
            ("", "it is empty"), ("  \n", "it is empty"), ("[{\"id\": \"a\"", "ends in the middle"),
            ("[1]", "holds a number where a lease should be"), ("\"lease\"", "holds a string"),
            ("{\"id\": \"a\"}", "lease a: start_date is not a date (missing)"),
            ("{\"leases\": [3]}", "holds a number"), ("[[]]", "holds an array"),
            ("{\"id\": \"a\", \"start_date\": \"2026-11-22\", \"end_date\": \"never\"}", "end_date is not a date"),
            (
                "{\"id\": \"a\", \"start_date\": \"2026-11-22\", \"end_date\": \"2026-11-23\", \"events\": \"{\"}",
                "lease a: events is not JSON"
            ),
            ("+---+\n| id |", "unexpected character"),
        ])
    func damaged(text: String, problem: String) {
        let error = #expect(throws: SavedLeasesError.self) { try SavedLeases(parsing: Array(text.utf8)) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }
}
