import BlazarModel
import CloudFixtures
import LeaseModel
import Leasehold
import Synchronization
import Testing

@Suite("Submitting, awaiting, changing and deleting a lease")
struct LeaseSubmitTests {
    // MARK: - Online

    @Test("A lease is created, awaited and printed; then it has an id, events and reservations")
    func submit() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            let seen = Mutex<[WaitProgress]>([])
            try await lease.submit { progress in
                if case .waiting(let wait) = progress { seen.withLock { $0.append(wait) } }
            }
            #expect(lease.status == .active)
            #expect(lease.id != nil && lease.userID != nil && lease.projectID != nil && lease.createdAt != nil)
            #expect(lease.nodeReservations.map(\.status) == [.active])
            #expect(lease.events.contains { $0.eventType == "start_lease" && $0.status == .done })
            #expect(lease.duration == .seconds(3_600))
            #expect(lab.names == ["mine"])
            let waits = seen.withLock { $0 }
            #expect(waits.allSatisfy { $0.wanted == .active && $0.timeoutSeconds == 300 && $0.name == "mine" })
            // Reading an attribute sends no request.
            lab.cloud.forget()
            _ = (lease.status, lease.events, lease.remaining, lease.reservations, lease.description)
            #expect(lab.cloud.asked.isEmpty)
        }
    }

    @Test("A lease that is shown in a browser is opened as soon as it is requested, and again when it is awaited")
    func browser() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            await #expect(throws: LeaseholdError.self) { try await lease.show(in: .browser) }
            try await lease.submit(show: .browser)
            let id = try #require(lease.id)
            #expect(lab.pages.views.map(\.path) == ["/leases/\(id)"])
            #expect(lab.pages.views.first?.status == .pending)
            #expect(lease.status == .active)
            try await lease.wait(show: .browser)
            try await lease.show(in: .browser)
            #expect(try await lab.manager.showLeases(in: .browser) == "http://127.0.0.1:1/leases")
            #expect(lab.pages.views.map(\.path).suffix(3) == ["/leases/\(id)", "/leases/\(id)", "/leases"])
        }
    }

    @Test("Without anything that opens pages, nothing is requested, and the error names what is missing")
    func browserIsMissing() async throws {
        try await LeaseLab.with { lab async throws in
            var configuration = lab.manager.configuration
            configuration.pageOpener = nil
            let manager = try LeaseManager(configuration)
            let lease = try Lease(name: "unseen", duration: .seconds(3_600), manager: manager)
            try lease.addReservation(.node())
            let error = await #expect(throws: LeaseholdError.self) { try await lease.submit(show: .browser) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("BrowserPage()") == true)
            #expect(try manager.listLeases().isEmpty && lab.names.isEmpty)
        }
    }

    @Test("A lease can be submitted once, with a reservation; nothing can be added later")
    func once() async throws {
        try await LeaseLab.with { lab async throws in
            let empty = try Lease(name: "empty", duration: .seconds(60), manager: lab.manager)
            await #expect(throws: LeaseholdError.self) { try await empty.submit() }
            let lease = try lab.lease()
            try await lease.submit(waitForActive: false)
            await #expect(throws: LeaseholdError.self) { try await lease.submit() }
            let error = #expect(throws: LeaseholdError.self) { try lease.addReservation(.node()) }
            #expect(error?.message.contains("nothing can be added") == true)
            #expect(lab.cloud.count("POST") == 1)
        }
    }

    @Test("Before submission it cannot be awaited, refreshed, deleted or extended")
    func unsubmitted() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            let errors = [
                await #expect(throws: LeaseholdError.self) { try await lease.wait() },
                await #expect(throws: LeaseholdError.self) { try await lease.refresh() },
                await #expect(throws: LeaseholdError.self) { try await lease.delete() },
                await #expect(throws: LeaseholdError.self) { try await lease.extend(to: lab.cloud.now) },
                await #expect(throws: LeaseholdError.self) { _ = try await lease.reservedFlavors() },
            ]
            #expect(errors.allSatisfy { $0?.code == .invalid })
            #expect(lab.cloud.asked.isEmpty)
        }
    }

    @Test("The server's message is kept")
    func words() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(name: "many", duration: .seconds(3_600), manager: lab.manager)
            try lease.addReservation(.node(count: 50))
            let error = await #expect(throws: LeaseholdError.self) { try await lease.submit() }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("Not enough hosts available") == true, "\(error?.message ?? "")")
            // It may be changed and submitted again.
            #expect(lease.id == nil)
        }
    }

    @Test("Waiting ends after the timeout with an error; the lease still exists")
    func timeout() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease(startsAt: lab.cloud.now.adding(seconds: 7_200))
            let begun = lab.cloud.now
            let error = await #expect(throws: LeaseholdError.self) {
                try await lease.submit(waitTimeout: .seconds(90), retryOnError: 3)
            }
            #expect(error?.code == .notFinished)
            #expect(error?.message.contains("after 90 s") == true)
            #expect((90..<110).contains(lab.cloud.now.seconds(since: begun)))
            #expect(lease.status == .pending)
            #expect(lab.cloud.count("POST") == 1 && lab.cloud.count("DELETE") == 0)
        }
    }

    @Test("A lease is extended and deleted, and its new state is known at once")
    func changes() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            try await lease.submit()
            let end = lease.endsAt.adding(seconds: 3_600)
            try await lease.extend(to: end)
            try await lease.refresh()
            #expect(lease.endsAt == end)
            try await lease.delete()
            #expect(lease.status == .deleted && lease.remaining == .zero)
            #expect(lab.names.isEmpty)
            try await lab.manager.sync()
            #expect(try lab.manager.listLeases().isEmpty)
        }
    }

    @Test("Another program's deletion shows after a refresh")
    func vanished() async throws {
        try await LeaseLab.with { lab async throws in
            // An empty list would not be believed.
            try await lab.lease("another").submit(waitForActive: false)
            let lease = try lab.lease()
            try await lease.submit()
            lab.cloud.direct("DELETE", "/v1/leases/\(try #require(lease.id))")
            #expect(lease.status == .active)
            #expect(try await lease.refresh())
            #expect(lease.status == .deleted)
            let error = await #expect(throws: LeaseholdError.self) { try await lease.wait() }
            #expect(error?.code == .refused)
        }
    }

    // MARK: - Offline

    @Test("Offline a lease is queued with a local id, can be extended and deleted, and is created once later")
    func offline() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            lab.cloud.forget()
            let lease = try lab.lease(startsAt: lab.cloud.now.adding(seconds: 7_200))
            try await lease.submit(isOffline: true)
            #expect(lease.status == .queued && lease.id?.isEmpty == false && lease.pending.count == 1)
            #expect(lease.nodeReservations.map(\.status) == [.queued])
            let end = lease.endsAt.adding(seconds: 3_600)
            try await lease.extend(to: end, isOffline: true)
            #expect(lease.endsAt == end)
            #expect(lab.cloud.asked.isEmpty)

            let other = try lab.lease("withdrawn", startsAt: lab.cloud.now.adding(seconds: 7_200))
            try await other.submit(isOffline: true)
            try await other.delete(isOffline: true)
            #expect(other.status == .deleted)

            #expect(try await lease.refresh())
            #expect(lease.status == .pending && lease.endsAt == end)
            #expect(lab.names == ["mine"] && lab.cloud.count("POST") == 1)
        }
    }

    @Test("While the cloud is unreachable, a refresh returns what is known, and waiting sends queued writes")
    func unreachable() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            for _ in 0..<3 { lab.cloud.fail("", .unreachable) }
            let lease = try lab.lease()
            try await lease.submit(waitForActive: false)
            #expect(lease.status == .queued)
            #expect(try await lease.refresh() == false)
            try await lease.wait()
            #expect(lease.status == .active && lab.names == ["mine"])
        }
    }

    @Test("A lease that starts when it is created keeps its length, however late that is")
    func lateStart() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            let lease = try lab.lease()
            try await lease.submit(isOffline: true)
            lab.cloud.advance(7_200)
            try await lease.refresh()
            #expect(lab.cloud.leases().map { $0.endsAt.seconds(since: $0.startsAt) } == [3_600])
        }
    }

    // MARK: - Resources

    @Test("Floating IPs and flavors of an active lease are read on request, and known offline later")
    func holdings() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            let lease = try Lease(name: "held", duration: .seconds(3_600), manager: lab.manager)
            try lease.addFIPReservation(amount: 2)
            try lease.addFlavorReservation(name: "m1.tiny")
            try await lease.submit()
            let addresses = try await lease.reservedFloatingIPs()
            #expect(addresses.count == 2 && addresses.allSatisfy { $0.contains(".") })
            let flavors = try await lease.reservedFlavors()
            #expect(flavors.map(\.reservationID) == lease.flavorReservations.map(\.id))
            #expect(flavors.first?.vcpus != nil)
            lab.cloud.forget()
            #expect(try await lease.reservedFloatingIPs() == addresses)
            #expect(try await lease.reservedFlavors() == flavors)
            #expect(lab.cloud.asked.isEmpty)
        }
    }

    @Test("Errors about a missing catalog say how to read it")
    func unknownCatalog() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(3_600), manager: lab.manager)
            for add in [
                { try lease.addFIPReservation(amount: 1) }, { try lease.addFlavorReservation(name: "m1.tiny") },
            ] {
                let error = #expect(throws: LeaseholdError.self) { try add() }
                #expect(error?.code == .notFound && error?.message.contains("sync") == true, "\(error?.message ?? "")")
            }
            try await lab.manager.sync()
            let error = #expect(throws: LeaseholdError.self) { try lease.addFlavorReservation(name: "m1.tinny") }
            #expect(error?.code == .invalid)
        }
    }

    @Test("Chameleon's reservation types are created and read back")
    func chameleon() async throws {
        try await LeaseLab.with(.chameleon) { lab async throws in
            let lease = try Lease(name: "edge", duration: .seconds(3_600), manager: lab.manager)
            try lease.addNetworkReservation(networkName: "net")
            try lease.addDeviceReservation(amount: 1, machineType: "raspberrypi4-64")
            try await lease.submit()
            #expect(lease.status == .active)
            #expect(lease.deviceReservations.map { $0.requiredValue(of: "machine_name") } == ["raspberrypi4-64"])
            #expect(lease.networkReservations.count == 1)
            try await lease.delete()
            #expect(lab.names.isEmpty)
        }
    }
}
