import LeaseModel
import LeaseStore
import SyncEngine

// Finds the configured cloud for a name or scope. A cloud is looked up by its reference, never by its display name. The
// site and project that it leads to are those of its token.
extension LeaseManager {
    /// A connection to a site and project, or why there is none.
    enum Reach {
        /// A cloud whose token is for the site and project. The caller must close the connection.
        case connection(CloudConnection)
        /// The configured clouds lead to other sites or projects.
        case elsewhere(String)
        /// No cloud that may lead to the site and project can be reached.
        case nowhere(String)
    }

    /// The cloud that a name stands for. If it has several regions, the first one is used, as in the OpenStack client.
    ///
    /// - Throws: ``LeaseholdError`` with the code `configuration`.
    func configuredCloud(_ cloud: String?) throws(LeaseholdError) -> CloudDirectory.Configured {
        let found: [CloudDirectory.Configured]
        do {
            found = try directory.configured(cloud.map { .named([$0]) } ?? .standard)
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
        guard let first = found.first else {
            throw LeaseholdError(code: .invalid, message: "A lease is for one cloud: name it with --os-cloud.")
        }
        return first
    }

    func connection(_ cloud: CloudDirectory.Configured) throws(LeaseholdError) -> CloudConnection {
        do {
            return try directory.connect(cloud)
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// The scope that a cloud led to when its present configuration was last used, or otherwise a scope of a cloud of
    /// that name.
    func rememberedScope(of cloud: CloudDirectory.Configured) throws(StoreError) -> Scope? {
        let name = cloud.reference.description
        if let fingerprint = cloud.fingerprint,
            let current = try store.scope(ofCloud: name, fingerprint: fingerprint)
        {
            return current
        }
        return try store.scope(ofCloud: name)
    }

    /// The scopes that the clouds of a name led to when their present configurations were last used.
    func configuredScopes(named name: String) throws(StoreError) -> [Scope] {
        guard let configured = try? directory.configured(.named([name])) else { return [] }
        var found: [Scope] = []
        for cloud in configured {
            guard let fingerprint = cloud.fingerprint,
                let known = try store.scope(ofCloud: cloud.reference.description, fingerprint: fingerprint)
            else { continue }
            found.append(known)
        }
        return found
    }

    /// The scope for a creation. If the cloud's configuration is unchanged, it is the scope that the cloud led to
    /// before; otherwise the token decides. If the cloud cannot be asked, it is the scope from before the configuration
    /// changed, and unconfirmed.
    func destination(
        of connection: CloudConnection, _ sender: PromptSender, isOffline: Bool
    ) async throws -> (Scope, UnconfirmedDestination?) {
        let reference = connection.reference
        let name = reference.description
        if let known = try store.scope(ofCloud: name, fingerprint: connection.fingerprint) { return (known, nil) }
        let before = try store.scope(ofCloud: name)
        guard isOffline else {
            do {
                return (try await sender.scope(of: connection), nil)
            } catch {
                guard let before, !(error is StoreError) else { throw error }
                return (before, UnconfirmedDestination(cloud: reference))
            }
        }
        if let before { return (before, UnconfirmedDestination(cloud: reference)) }
        throw LeaseholdError(
            code: .notFound,
            message: """
                The cloud '\(name)' has never been synced, so it is not known which project the lease is for. \
                Run `leasehold sync --os-cloud \(name)` once while you are online.
                """)
    }

    /// Connects a cloud whose token is for a scope's site and project.
    func reach(_ scope: Scope, clouds: [String]) async throws(LeaseholdError) -> Reach {
        let sender = promptSender { _ in }
        var detour: String?
        var failure: String?
        for cloud in try candidates(for: scope, clouds: clouds) {
            do {
                let connection = try connection(cloud)
                do {
                    let led = try await sender.scope(of: connection)
                    if led.queueAddress == scope.queueAddress { return .connection(connection) }
                    detour = detour ?? CloudDestination.detour(of: cloud.reference, from: scope, to: led)
                } catch {
                    failure = failure ?? LeaseholdError(writing: error).message
                }
                await connection.close()
            } catch {
                failure = failure ?? error.message
            }
        }
        if let detour, failure == nil { return .elsewhere(detour) }
        return failure.map(Reach.nowhere) ?? .elsewhere(CloudDestination.unreached(scope))
    }

    /// The clouds that may lead to a scope. First come those whose present configuration led there before, starting
    /// with the ones that the user named. The other named clouds follow, or the default one.
    private func candidates(for scope: Scope, clouds: [String]) throws(LeaseholdError) -> [CloudDirectory.Configured] {
        do {
            let isNamed = !clouds.isEmpty && !clouds.contains("all")
            let meant =
                isNamed ? try directory.configured(.named(clouds)) : (try? directory.configured(.standard)) ?? []
            let remembered = try (meant + directory.configured(.all)).filter {
                guard let fingerprint = $0.fingerprint else { return false }
                let known = try store.scope(ofCloud: $0.reference.description, fingerprint: fingerprint)
                return known?.queueAddress == scope.queueAddress
            }
            var seen: Set<CloudReference> = []
            return (remembered + meant).filter { seen.insert($0.reference).inserted }
        } catch let error as StoreError {
            throw LeaseholdError(error)
        } catch {
            throw LeaseholdError(code: .configuration, message: (error as? CloudError)?.message ?? "\(error)")
        }
    }

    /// Syncs the cloud that leads to a scope.
    ///
    /// - Returns: whether it was synced.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if every configured cloud leads elsewhere.
    func sync(
        leadingTo scope: Scope, clouds: [String], options: SyncOptions, waiter: Waiter?,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> Bool {
        switch try await reach(scope, clouds: clouds) {
        case .connection(let connection):
            let entry = CloudDirectory.Entry(
                reference: connection.reference, name: connection.name, connection: .success(connection))
            let reports = await Synchronizer(
                store: store, options: bounded(options), waiter: waiter, progress: noting(progress)
            ).run([entry])
            return reports.allSatisfy { $0.failure == nil }
        case .elsewhere(let why): throw LeaseholdError(code: .configuration, message: why)
        case .nowhere: return false
        }
    }
}
