public import LeaseModel
import SyncEngine

extension LeaseManager {
    /// Syncs clouds with the database. A failure of one cloud does not affect the others.
    ///
    /// - Parameters:
    ///   - clouds: the clouds.
    ///   - options: the options.
    ///   - progress: called for everything that happens.
    /// - Returns: a report for each cloud.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the clouds cannot be determined.
    @discardableResult
    public func sync(
        clouds: Clouds = .standard, options: SyncOptions = SyncOptions(),
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) -> [SyncReport] {
        let entries = try entries(clouds)
        let synchronizer = Synchronizer(
            store: store, options: bounded(options), keeper: keeper, waiter: waiter,
            progress: noting(progress))
        return await DatabaseThreads.run { await synchronizer.run(entries) }
    }

    /// Syncs clouds again and again until the task is canceled.
    ///
    /// - Parameters:
    ///   - clouds: the clouds.
    ///   - intervalSeconds: the time between two syncs of a cloud, in seconds. It grows after failures.
    ///   - progress: called for everything that happens.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the clouds cannot be determined.
    public func watch(
        clouds: Clouds = .standard, intervalSeconds: Double,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) {
        let watch = SyncWatch(
            store: store, intervalSeconds: intervalSeconds, options: bounded(SyncOptions()), keeper: keeper,
            waiter: waiter, now: configuration.now, sleep: sleep, progress: noting(progress))
        do {
            try await DatabaseThreads.run { () throws(CloudError) in
                try await watch.run { () throws(CloudError) in try directory.entries(clouds) }
            }
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// The names of all configured clouds.
    ///
    /// - Throws: ``LeaseholdError`` with the code `configuration` if clouds.yaml cannot be read.
    public static func configuredClouds(_ configuration: Configuration) throws(LeaseholdError) -> [String] {
        do {
            return try directory(configuration).names()
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// Checks whether clouds can be used: their configuration, the login, and whether Blazar answers.
    ///
    /// - Parameters:
    ///   - clouds: the clouds.
    ///   - configuration: the configuration.
    ///   - isOffline: whether to check only the configuration.
    /// - Returns: the findings.
    public static func diagnose(
        _ clouds: Clouds, _ configuration: Configuration, offline isOffline: Bool = false
    ) async -> [Diagnosis] {
        let entries: [CloudDirectory.Entry]
        do {
            entries = try directory(configuration).entries(clouds)
        } catch {
            return [Diagnosis(subject: "clouds", step: "configuration", verdict: .bad, message: error.message)]
        }
        var findings: [Diagnosis] = []
        for entry in entries {
            switch entry.connection {
            case .success(let connection):
                let check = CloudCheck(connection: connection)
                findings += isOffline ? check.configuration() : await check.run()
                await connection.close()
            case .failure(let error):
                findings.append(
                    Diagnosis(subject: entry.name, step: "configuration", verdict: .bad, message: error.message))
            }
        }
        if isOffline, clouds == .all { findings += await diagnoseDefault(configuration) }
        return findings
    }

    /// Describes the cloud that is used if none is named.
    private static func diagnoseDefault(_ configuration: Configuration) async -> [Diagnosis] {
        let step = "default cloud"
        do throws(CloudError) {
            guard let entry = try directory(configuration).entries(.standard).first else { return [] }
            let connection = try entry.connection.get()
            let findings = CloudCheck(connection: connection).configuration(step)
            await connection.close()
            return findings
        } catch {
            return [Diagnosis(subject: "clouds", step: step, verdict: .warning, message: error.message)]
        }
    }

    private func entries(_ clouds: Clouds) throws(LeaseholdError) -> [CloudDirectory.Entry] {
        do {
            return try directory.entries(clouds)
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// The options, with the quiet period from the environment if it is set there.
    func bounded(_ options: SyncOptions) -> SyncOptions {
        guard let text = configuration.environment["LEASEHOLD_QUIET_PERIOD_SECONDS"], let seconds = Int64(text),
            seconds >= 0
        else { return options }
        var options = options
        options.quietPeriodSeconds = seconds
        return options
    }

    static func directory(_ configuration: Configuration) -> CloudDirectory {
        let begun = ContinuousClock.now
        return CloudDirectory(
            environment: configuration.environment, homeDirectory: configuration.homeDirectory,
            currentDirectory: configuration.currentDirectory, userAgent: "leasehold/\(LeaseManager.version)",
            now: configuration.now, uptime: { Int64((ContinuousClock.now - begun) / .seconds(1)) },
            options: configuration.cloudOptions, assistant: configuration.assistant, logger: configuration.logger)
    }

    /// The version of the program.
    public static let version = "0.1.0"
}
