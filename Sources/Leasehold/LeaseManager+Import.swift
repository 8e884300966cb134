import Foundation
public import LeaseModel
import LeaseStore
import LocalFiles

/// Options of an import into the history.
public struct ImportOptions: Sendable, Hashable {
    /// When leases were seen if the file does not say so; `nil` for the time of each file.
    public var observedAt: Timestamp?
    /// The scopes that the leases may belong to; `nil` for any that matches.
    public var scopes: Set<Int64>?
    /// The preferred scopes if saved leases match several; `nil` for no preference.
    public var usualScopes: Set<Int64>?
    /// The project of the leases, by id or name; `nil` for any that matches.
    public var project: String?
    /// Whether this is a dry run that changes nothing.
    public var isTrial = false

    /// Makes the default options.
    public init() {}
}

extension LeaseManager {
    /// Imports saved leases and other databases into the history. If one of the files cannot be read, nothing is
    /// imported.
    ///
    /// Every observation counts from the time at which it was made. So answers about the past do not depend on the
    /// order of imports, and repeating an import changes nothing. An import deletes nothing. It changes the present
    /// state of a lease only if a file saw the lease later than this database did.
    ///
    /// - Parameters:
    ///   - paths: files of JSON in any format of ``SavedLeases``, or databases of this or an older version of the
    ///     program.
    ///   - options: the options.
    ///   - progress: called to report the progress.
    /// - Returns: a report for each file or, for a database, for each of its scopes.
    /// - Throws: ``LeaseholdError`` with the code `notFound` for a missing file, `database` for a database that is
    ///   damaged or newer than the program, or `invalid` for leases that cannot be parsed or cannot have been seen at
    ///   those times, and for the manager's own database.
    public func importHistory(
        from paths: [String], options: ImportOptions = ImportOptions(), progress: (ImportProgress) -> Void = { _ in }
    ) throws(LeaseholdError) -> [ImportReport] {
        Self.removeAbandonedCopies()
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(Self.copyPrefix)\(getpid())-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var copies: [LeaseStore] = []
        defer { for copy in copies { try? copy.close() } }
        var sources: [ImportSource] = []
        for path in paths {
            try requireForeign(path)
            let content: ImportSource.Content
            var file = try Self.open(path)
            let head = try Self.reading(path) { () throws(FileProblem) in try file.readExactly(SQLiteFile.head.count) }
            if head == SQLiteFile.head {
                guard file.facts.kind == .regular else {
                    throw LeaseholdError(
                        code: .invalid,
                        message: "\(path) is a pipe with a database in it. Name the database file instead.")
                }
                let copy = try Self.copy(path, in: folder.appendingPathComponent("\(copies.count)"))
                copies.append(copy)
                let chosen = try chosenScopes(options).map { Set($0.map(\.id)) }
                guard chosen?.isEmpty != true else { throw Self.nothingChosen(path, options) }
                content = .database(copy, scopes: chosen)
            } else {
                let rest = try Self.reading(path) { () throws(FileProblem) in try file.readToEnd() }
                content = try saved(head + rest, file.facts, path, options)
            }
            sources.append(ImportSource(file: path, content: content))
        }
        return try reading { store throws(StoreError) in
            try store.importHistory(sources, isTrial: options.isTrial, now: configuration.now(), progress: progress)
        }
    }

    // MARK: - Files

    private static var copyPrefix: String { "leasehold-import-" }

    /// Removes copies left behind by processes that were killed.
    private static func removeAbandonedCopies() {
        let manager = FileManager.default
        let all = (try? manager.contentsOfDirectory(atPath: manager.temporaryDirectory.path)) ?? []
        for name in all where name.hasPrefix(copyPrefix) {
            guard let process = name.dropFirst(copyPrefix.count).split(separator: "-").first.flatMap({ pid_t($0) }),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? manager.removeItem(at: manager.temporaryDirectory.appendingPathComponent(name))
        }
    }

    /// Whether a path leads to this manager's database.
    package func isOwnDatabase(_ path: String) -> Bool { store.files.isMain(path) }

    /// Throws for the manager's own files, which must never be opened without SQLite.
    private func requireForeign(_ path: String) throws(LeaseholdError) {
        guard store.files.contains(path) else { return }
        throw LeaseholdError(
            code: .invalid,
            message: isOwnDatabase(path)
                ? "\(path) is the open database, which cannot be imported into itself. Leave it out."
                : "\(path) belongs to the database that is open here. Leave it out.")
    }

    private static func open(_ path: String) throws(LeaseholdError) -> InputFile {
        do {
            return try InputFile(path: path)
        } catch {
            throw unreadable(path, error)
        }
    }

    private static func reading(
        _ path: String, _ body: () throws(FileProblem) -> [UInt8]
    ) throws(LeaseholdError) -> [UInt8] {
        do {
            return try body()
        } catch {
            throw unreadable(path, error)
        }
    }

    private static func unreadable(_ path: String, _ problem: FileProblem) -> LeaseholdError {
        LeaseholdError(
            code: .notFound,
            message: problem == .missing
                ? "There is no file \(path)." : "The file \(path) cannot be read: \(problem.clause).")
    }

    private static func copy(_ path: String, in folder: URL) throws(LeaseholdError) -> LeaseStore {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return try LeaseStore.openCopy(of: path, in: folder.path)
        } catch let error as StoreError {
            throw LeaseholdError(error)
        } catch {
            throw LeaseholdError(
                code: .database, message: "A copy of \(path) cannot be made in \(folder.path): \(error)")
        }
    }

    private func saved(
        _ bytes: [UInt8], _ facts: FileFacts, _ path: String, _ options: ImportOptions
    ) throws(LeaseholdError) -> ImportSource.Content {
        // Piped data was written just now.
        let written =
            facts.kind == .regular ? Timestamp(secondsSince1970: facts.modifiedSeconds) : configuration.now()
        let leases: SavedLeases
        do {
            leases = try SavedLeases(parsing: bytes)
        } catch {
            throw LeaseholdError(
                code: .invalid, message: "\(path) cannot be imported: \(error). Nothing was changed.")
        }
        return .leases(
            leases, scope: try scope(of: leases, path, options), observedAt: options.observedAt ?? written,
            isDatedByFile: options.observedAt == nil && leases.leases.contains { $0.lastSeenAt == nil })
    }

    // MARK: - Scopes

    /// The scopes that the options select; `nil` for any.
    private func chosenScopes(_ options: ImportOptions) throws(LeaseholdError) -> [Scope]? {
        guard options.scopes != nil || options.project != nil else { return nil }
        return try scopes().filter { scope in
            (options.scopes?.contains(scope.id) ?? true)
                && options.project.map { $0 == scope.projectID || $0 == scope.projectName } ?? true
        }
    }

    private static func nothingChosen(_ path: String, _ options: ImportOptions) -> LeaseholdError {
        LeaseholdError(
            code: .invalid,
            message: """
                \(path): nothing was imported, because \(options.project.map { "project \($0)" } ?? "that cloud") is \
                unknown here. `leasehold sites` shows what is known. Without --project and --os-cloud everything is \
                imported.
                """)
    }

    /// The only scope that saved leases can belong to.
    private func scope(
        of saved: SavedLeases, _ path: String, _ options: ImportOptions
    ) throws(LeaseholdError) -> Scope {
        let known = try scopes()
        let all = try chosenScopes(options) ?? known
        let projects = Set(saved.leases.map(\.lease.projectID)).subtracting([""])
        let fitting = all.filter { scope in scope.seesAllProjects || projects.allSatisfy { $0 == scope.projectID } }
        // The scope of a project's own member is preferred to that of an administrator who sees it too.
        let own = fitting.filter { !$0.seesAllProjects }
        var candidates = projects.count == 1 && own.count == 1 ? own : fitting
        if candidates.count > 1, let usual = options.usualScopes { candidates.removeAll { !usual.contains($0.id) } }
        if candidates.count == 1 { return candidates[0] }
        let names = (candidates.isEmpty ? all : candidates).map { scope in
            "\(scope.site) (project \(scope.projectName)\(scope.seesAllProjects ? ", all projects" : ""))"
        }
        guard !all.isEmpty else {
            throw LeaseholdError(
                code: .invalid,
                message: """
                    \(path): it is not known which cloud its leases belong to. Run `leasehold sync` for that cloud \
                    once, or name another one with --os-cloud and --project.
                    """)
        }
        throw LeaseholdError(
            code: .invalid,
            message: candidates.isEmpty
                ? """
                \(path): its leases belong to \(projects.count == 1 ? "project" : "projects") \
                \(projects.sorted().joined(separator: ", ")), which is not mirrored from \
                \(names.joined(separator: ", ")).
                """
                : """
                \(path): its leases may belong to \(names.joined(separator: " or ")). \
                Choose one with --os-cloud or --project.
                """)
    }
}
