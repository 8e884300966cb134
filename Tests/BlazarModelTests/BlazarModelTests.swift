import BlazarModel
import LeaseModel
import Testing

struct BlazarModelTests {
    @Test func aLeaseLivesItsLife() throws {
        var cloud = Cloud()
        cloud.model.policy.actionSeconds = 4
        let id = try cloud.create("life", from: 600, to: 1_200, [Cloud.host])
        #expect(try cloud.status(id) == "PENDING")
        #expect(try cloud.status(id, after: 590) == "PENDING")
        #expect(try cloud.status(id, after: 11) == "STARTING")
        #expect(try cloud.status(id, after: 5) == "ACTIVE")
        #expect(try cloud.status(id, after: 1_200) == "TERMINATED")
        #expect(try cloud.send("DELETE", "/leases/" + id).status == 204)
        #expect(try cloud.send("GET", "/leases/" + id).status == 404)
    }

    @Test func startingAndEndingTakeAsLongAsThePolicySays() throws {
        var cloud = Cloud()
        cloud.model.policy.actionSeconds = 4
        cloud.model.advance(to: Cloud.start.adding(seconds: 3))
        let id = try cloud.create("now", from: 0, to: 600, [Cloud.host])
        var seen: [String] = []
        for _ in 0..<900 {
            let status = try cloud.status(id, after: 1) ?? ""
            if seen.last != status { seen.append(status) }
        }
        #expect(seen == ["PENDING", "STARTING", "ACTIVE", "TERMINATING", "TERMINATED"])
    }

    @Test func deletingWhileItStartsIsRefused() throws {
        var cloud = Cloud()
        cloud.model.policy.actionSeconds = 60
        let id = try cloud.create("now", from: 0, to: 6_000)
        #expect(try cloud.status(id, after: 15) == "STARTING")
        let response = try cloud.send("DELETE", "/leases/" + id)
        #expect(response.status == 500)
        #expect(try response.json()["error_message"] == "Invalid lease status.")
    }

    @Test func aFailedStartLeavesAnError() throws {
        var cloud = Cloud()
        cloud.model.policy.namesThatFailToStart = ["bad"]
        let id = try cloud.create("bad", from: 0, to: 600, [Cloud.host])
        #expect(try cloud.status(id, after: 20) == "ERROR")
        #expect(try cloud.send("DELETE", "/leases/" + id).status == 204)
    }

    @Test func anEventThatIsTooLongLeavesALeaseThatNobodyCanDelete() throws {
        var cloud = Cloud()
        let response = try cloud.send(
            "POST", "/leases",
            [
                "name": "stuck", "start_date": "now",
                "end_date": .string(Cloud.start.adding(seconds: 600).blazarRequest),
                "events": [["event_type": .string(String(repeating: "t", count: 67)), "status": "DONE"]],
            ])
        #expect(response.status == 500)
        let lease = try #require(try cloud.send("GET", "/leases").json()["leases"]?.arrayValue?.first)
        #expect(lease["status"] == "CREATING")
        let id = try #require(lease["id"]?.stringValue)
        #expect(try cloud.send("DELETE", "/leases/" + id, as: "admin").status == 500)
        #expect(try cloud.status(id, after: 100_000) == "CREATING")
    }

    @Test func theSameSeedGivesTheSameCloud() throws {
        func run(seed: UInt64) throws -> [UInt8] {
            var cloud = Cloud(seed: seed)
            for number in 0..<20 { _ = try cloud.create("n\(number)", from: 0, to: 600) }
            return try cloud.send("GET", "/leases", after: 300).body
        }
        #expect(try run(seed: 7) == run(seed: 7))
        #expect(try run(seed: 7) != run(seed: 8))
    }

    @Test func aCopyIsAnotherCloud() throws {
        var cloud = Cloud()
        let id = try cloud.create("one")
        let before = cloud
        try cloud.send("DELETE", "/leases/" + id)
        var copy = before
        #expect(try cloud.send("GET", "/leases/" + id).status == 404)
        #expect(try copy.send("GET", "/leases/" + id).status == 200)
    }

    @Test func tokensEndAndAreTakenBack() throws {
        var cloud = Cloud()
        #expect(try cloud.send("GET", "/leases").status == 200)
        #expect(try cloud.send("GET", "/leases", after: 3_601, renewing: false).status == 401)
        var other = Cloud()
        let token = try other.token("user1")
        let revocation = other.model.handle(
            ModelRequest(
                method: "DELETE", target: "/identity/v3/auth/tokens",
                headers: [("X-Auth-Token", token), ("X-Subject-Token", token)]), at: other.model.now)
        #expect(revocation.status == 204)
        #expect(try other.send("GET", "/leases").status == 200)
        let creation = try other.send(
            "POST", "/leases", ["name": "x", "start_date": "now", "end_date": "2040-01-01 00:00"])
        #expect(creation.status == 500)
        #expect(try other.send("GET", "/leases", after: 301, renewing: false).status == 401)
    }

    @Test func aHostGoesToOneLeaseAtATime() throws {
        var cloud = Cloud()
        for _ in 0..<3 { _ = try cloud.create("taken", [Cloud.host]) }
        let response = try cloud.send(
            "POST", "/leases",
            [
                "name": "late", "start_date": .string(cloud.model.now.adding(seconds: 3_700).blazarRequest),
                "end_date": .string(cloud.model.now.adding(seconds: 7_300).blazarRequest),
                "reservations": [Cloud.host],
            ])
        #expect(response.status == 500)
        #expect(try response.json()["error_message"] == "Not enough hosts available")
        _ = try cloud.create("next", from: 7_200, to: 9_000, [Cloud.host])
    }

    @Test func anEventWithoutATimeSpoilsItsHostsForInstances() throws {
        var cloud = Cloud()
        let instance: JSONValue = [
            "resource_type": "virtual:instance", "vcpus": 1, "memory_mb": 1, "disk_gb": 1, "amount": 1,
            "affinity": "None", "resource_properties": "",
        ]
        _ = try cloud.create("token", [instance], events: [["event_type": "x", "status": "DONE"]])
        let response = try cloud.send(
            "POST", "/leases",
            [
                "name": "victim", "start_date": .string(cloud.model.now.adding(seconds: 3_600).blazarRequest),
                "end_date": .string(cloud.model.now.adding(seconds: 7_200).blazarRequest), "reservations": [instance],
            ])
        #expect(try response.json()["error_name"] == "INTERNAL_SERVER_ERROR")
    }

    @Test func namesBeyondASCIIAreEscaped() throws {
        var cloud = Cloud()
        let id = try cloud.create("Übung \u{65E5}")
        let response = try cloud.send("GET", "/leases/" + id)
        #expect(response.body.allSatisfy { $0 < 0x80 })
        #expect(try response.json()["lease"]?["name"] == "Übung \u{65E5}")
    }

    @Test func membersSeeTheirProjectAndAdminsAll() throws {
        var cloud = Cloud()
        let id = try cloud.create("mine")
        _ = try cloud.create("theirs", as: "user2")
        func count(_ account: String) throws -> Int? {
            try cloud.send("GET", "/leases", as: account).json()["leases"]?.arrayValue?.count
        }
        #expect(try (count("user1"), count("user3"), count("user2"), count("admin")) == (1, 1, 1, 2))
        #expect(try cloud.send("GET", "/leases/" + id, as: "user2").status == 403)
        var fork = Cloud(.chameleon)
        let other = try fork.create("mine")
        #expect(try fork.send("GET", "/leases/" + other, as: "user2").status == 200)
        #expect(try fork.send("DELETE", "/leases/" + other, as: "user2").json() == [:])
    }

    @Test func madeUpLeasesAreListedInPieces() throws {
        var cloud = Cloud()
        cloud.model.addSyntheticLeases(500)
        let response = try cloud.send("GET", "/leases")
        #expect(response.chunks.count > 900)
        let leases = try #require(try response.json()["leases"]?.arrayValue)
        #expect(leases.count == 500)
        #expect(Set(leases.compactMap { $0["status"]?.stringValue }) == ["PENDING", "ACTIVE", "TERMINATED"])
        #expect((700_000...900_000).contains(response.contentLength))
        for lease in leases {
            let object = try #require(lease.objectValue)
            #expect(try BlazarLease(json: object).reservations.count == 1)
        }
        let head = try cloud.send("HEAD", "/leases")
        #expect(head.header("Content-Length") == String(response.contentLength))
        #expect(head.body.isEmpty)
    }

    @Test func yearsPassWithoutALookEveryTenSeconds() throws {
        var cloud = Cloud()
        let id = try cloud.create("old", from: 0, to: 600, [Cloud.host])
        cloud.model.advance(to: Cloud.start.adding(seconds: 10 * 365 * 86_400))
        #expect(try cloud.status(id) == "TERMINATED")
    }

    @Test(arguments: [
        ("2040-1-2 3:4", 201), ("2040-01-02 03:04", 201), ("2040-01-02  03:04", 201), ("2040-13-02 03:04", 400),
        ("2040-01-02T03:04", 400), ("40-01-02 03:04", 400), ("2040-01-02 03:04:05", 400), ("", 400),
    ])
    func endDates(_ end: String, _ status: Int) throws {
        var cloud = Cloud()
        let response = try cloud.send("POST", "/leases", ["name": "x", "start_date": "now", "end_date": .string(end)])
        #expect(response.status == status)
    }
}
