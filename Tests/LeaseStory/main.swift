import Foundation
import LeaseModel
import Leasehold

// The library at work, for Tests/Integration/chi_library.py: each run does one thing to a lease by its name, and prints
// the lease as JSON. usage: LeaseStory create TYPE NAME | extend NAME SECONDS | held NAME | delete NAME

let words = Array(CommandLine.arguments.dropFirst())
let manager = try LeaseManager()

/// What a lease is made of, by the name of its type.
func add(_ type: String, to lease: Lease) throws {
    switch type {
    case "node": try lease.addNodeReservation(amount: 1, nodeType: "compute_skylake")
    case "fip": try lease.addFIPReservation(amount: 2)
    case "flavor": try lease.addFlavorReservation(name: "m1.tiny", amount: 2)
    case "instance":
        try lease.addReservation(
            .other([
                "resource_type": "virtual:instance", "vcpus": 1, "memory_mb": 512, "disk_gb": 1, "amount": 1,
                "affinity": nil, "resource_properties": "",
            ]))
    case "network": try lease.addNetworkReservation(networkName: lease.name + "-net")
    case "device": try lease.addDeviceReservation(amount: 1, machineType: "raspberrypi4-64")
    default: throw LeaseholdError(code: .invalid, message: "LeaseStory knows no type '\(type)'.")
    }
}

func known(_ name: String) throws -> Lease {
    guard let lease = try manager.getLease(name) else {
        throw LeaseholdError(code: .notFound, message: "There is no lease '\(name)'.")
    }
    return lease
}

func run() async throws {
    switch (words.first, words.dropFirst().first, words.dropFirst(2).first) {
    case ("create", let type?, let name?):
        try await manager.sync()
        let lease = try Lease(name: name, duration: .seconds(7_200), manager: manager)
        try add(type, to: lease)
        try await lease.submit(waitTimeout: .seconds(180), show: .json)
    case ("extend", let name?, let seconds?):
        let lease = try known(name)
        try await lease.extend(to: lease.endsAt.adding(seconds: Int64(seconds) ?? 0))
        try await lease.wait()
        lease.show(.json)
    case ("held", let name?, nil):
        let lease = try known(name)
        let addresses = try await lease.reservedFloatingIPs()
        let flavors = try await lease.reservedFlavors()
        let held: JSONValue = [
            "floating_ips": .array(addresses.map(JSONValue.string)), "flavors": .array(flavors.map { .string($0.id) }),
        ]
        print(held.text())
    case ("delete", let name?, nil):
        let lease = try known(name)
        try await lease.delete()
        print(JSONValue.object(["status": JSONValue(lease.status?.rawValue)]).text())
    default:
        throw LeaseholdError(code: .invalid, message: "usage: LeaseStory create TYPE NAME | extend NAME SECONDS | …")
    }
}

do {
    try await run()
} catch {
    FileHandle.standardError.write(Data("LeaseStory: \(error)\n".utf8))
    exit(1)
}
