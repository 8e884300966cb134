import LeaseModel
import LeaseStore
import Leasehold
import SyncEngine
import Synchronization

// The commands of people, with the code that the real commands use: they find the cloud that leads to a lease's site,
// queue the change, and send it at once.
extension Run {
    func command(_ client: Client, _ verb: Mutation.Verb, target: Int, minutes: Int, _ step: Step?) async {
        guard let leases = try? ownMirrored(client), !leases.isEmpty else { return }
        let (scope, lease) = leases[target % leases.count]
        let fields: JSONObject
        switch verb {
        case .extend: fields = ["end_date": .string(lease.endsAt.adding(seconds: Int64(minutes) * 60).blazarRequest)]
        case .update: fields = ["name": .string("commanded-\(minutes)")]
        case .delete, .create: fields = [:]
        }
        let errand = errand(client, client.store, step)
        let noted = Mutex(false)
        do {
            let manager = try client.manager(errand)
            let result = try await manager.change(
                verb, lease.id, isForced: true,
                progress: { [self] progress in
                    guard case .mutation(_, let mutation) = progress, !noted.withLock({ $0 }) else { return }
                    noted.withLock { $0 = true }
                    note(client, queued: mutation, asked: fields, scope: scope)
                }, fields: { _ in fields })
            world.note("  client \(client.number) was told \(result.mutation.state) \(result.pause ?? "")")
            checkCommand(client, result, scope, isUndisturbed: step?.faults.isEmpty ?? true)
        } catch let error as LeaseholdError where [.notFound, .invalid].contains(error.code) {
            world.note("  client \(client.number) was told: \(error.message)")
        } catch {
            world.violate("a command failed: \(error)")
        }
    }

    /// The leases of a client's projects, and the scopes that see them.
    private func ownMirrored(_ client: Client) throws -> [(Scope, BlazarLease)] {
        try client.store.scopes().flatMap { scope in
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            return try client.store.leases(filter).map(\.lease).filter { $0.projectID == scope.projectID }
                .sorted { $0.id < $1.id }.map { (scope, $0) }
        }
    }

    /// A command reports what the store contains, and a write that can be sent at once is sent.
    private func checkCommand(_ client: Client, _ result: WriteResult, _ scope: Scope, isUndisturbed: Bool) {
        let said = result.mutation
        guard said.id > 0 else { return }
        let stored = try? client.store.mutation(id: said.id)
        if stored?.state != said.state {
            world.violate(
                """
                a command of client \(client.number) reported #\(said.id) as \(said.state), but it is \
                \(stored?.state.rawValue ?? "not there")
                """)
        }
        let leadsThere = client.place.region == Region(of: scope) && client.place.project == scope.projectName
        if isUndisturbed, leadsThere, said.state == .queued, said.attempts == 0, let pause = result.pause,
            pause.contains("leads")
        {
            world.violate(
                "client \(client.number) leaves #\(said.id) waiting, though its cloud leads there: \(pause)")
        }
    }
}
