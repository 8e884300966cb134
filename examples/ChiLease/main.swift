import Leasehold

// What the example of chi.lease's documentation does: a node and a floating IP for a day, made once, and shown.
let manager = try LeaseManager()
try await manager.sync()
let nodeType = CommandLine.arguments.dropFirst().first ?? "compute_skylake"
let lease = try Lease(name: "my-lease", duration: .seconds(86_400), manager: manager)
try lease.addNodeReservation(amount: 1, nodeType: nodeType)
try lease.addFIPReservation(amount: 1)
try await lease.submit(idempotent: true)
lease.show()
for address in try await lease.reservedFloatingIPs() { print("Floating IP:", address) }
print(try manager.showLeases())
