import BlazarModel
import LeaseModel
import Testing

/// The model answers recorded requests as the clouds did on which they were recorded.
struct CaptureReplayTests {
    @Test func upstream() throws {
        // What these show is not the model's: they need a stopped manager, another Keystone, a plugin that was missing,
        // or a lease whose creation was not recorded.
        let skipped = [
            "01-", "02-", "03-", "05-", "06-", "17b", "17c", "19d", "22c", "29-", "40-", "72b", "90", "91", "92", "93",
            "94", "50", "51",
        ]
        let captures = try Capture.load(.upstream).filter { capture in
            !skipped.contains { capture.name.hasPrefix($0) }
        }
        let hosts = [
            ("compute-2", "compute_skylake", "yes"), ("compute-1", "compute_skylake", "no"),
            ("compute-3", "compute_haswell", "no"),
        ].map { name, type, gpu in
            ModelHost(
                name: name, vcpus: 10, memoryMB: 8_192, localGB: 1_028, properties: [("gpu", gpu), ("node_type", type)])
        }
        let first = try #require(captures.first)
        var replay = CaptureReplay(
            model: BlazarModel(dialect: .upstream, seed: 1, start: first.moment, hosts: hosts))
        var differences: [String] = []
        for capture in captures { differences += try replay.send(capture) }
        #expect(captures.count > 100)
        #expect(differences == [])
    }

    @Test func chameleon() throws {
        // Registering resources is the model's own; the laboratory could not end an instance reservation,
        // and one request was answered in the minute after that in which it was sent.
        let captures = try Capture.load(.chameleon).filter { capture in
            !capture.name.contains("admin-create") && !capture.name.contains("delete-instance")
                && !capture.name.contains("pw-lease") && !capture.name.hasPrefix("245-")
        }
        let first = try #require(captures.first)
        var replay = CaptureReplay(
            model: BlazarModel(dialect: .chameleon, seed: 1, start: first.moment.truncatedToMinute.adding(seconds: 1)))
        replay.model.policy.namesThatFailToStart = ["m-error", "m-inst"]
        var differences: [String] = []
        let kept = ["ev-now", "ev-future", "t-network", "t-device", "t-host", "t-floatingip"]
        for capture in captures {
            if ["160", "200", "220", "225"].contains(capture.name.prefix(3)) {
                try replay.cleanUp(before: capture, keeping: kept)
            }
            if capture.name.contains("prodlike"), replay.model.policy.maximumLeaseSeconds == nil {
                replay.model.policy.membersReadInventory = true
                replay.model.policy.maximumLeaseSeconds = 604_800
                replay.model.policy.extensionWindowSeconds = 172_800
                replay.model.policy.refusalByNameFragment = [
                    "poor": "Reservation for project CH-000000 would spend 100.00 SUs, only 1.00 left",
                    "broken": "External service enforcement filter denied the request.",
                ]
            }
            differences += try replay.send(capture)
        }
        #expect(captures.count > 240)
        #expect(differences == [])
    }
}
