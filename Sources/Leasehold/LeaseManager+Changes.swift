import LeaseStore

extension LeaseManager {
    /// Passes on that the database was changed, by this process or another one, until the task is canceled.
    ///
    /// - Parameters:
    ///   - seconds: how often to look. A look reads one page of a file that is in memory.
    ///   - isNeeded: whether anybody wants to know. While nobody does, the database is not looked at.
    ///   - each: called after each look that found changes.
    /// - Throws: ``LeaseholdError`` with the code `database`, or `CancellationError`.
    package func watchChanges(
        every seconds: Double, isNeeded: @Sendable () -> Bool, each: @Sendable () -> Void
    ) async throws {
        let version = try reading { store throws(StoreError) in try store.version() }
        var known = try reading { _ throws(StoreError) in try version.number() }
        while true {
            try await Task.sleep(for: .seconds(seconds))
            guard isNeeded() else { continue }
            let number = try reading { _ throws(StoreError) in try version.number() }
            guard number != known else { continue }
            known = number
            each()
        }
    }
}
