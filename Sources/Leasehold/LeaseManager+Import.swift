import Foundation
public import LeaseModel
import LeaseStore
import LocalFiles

/// How to take files into the history.
public struct ImportOptions: Sendable, Hashable {
    /// When what does not tell itself was seen; `nil` for the time of each file.
    public var observedAt: Timestamp?
    /// The scopes that the leases may be of; `nil` for any that fits.
    public var scopes: Set<Int64>?
    /// The scopes that saved leases are of if several would fit; `nil` for none in particular.
    public var usualScopes: Set<Int64>?
    /// The project that the leases are of, by id or name; `nil` for any that fits.
    public var project: String?
    /// Whether to find out what would happen, and change nothing.
    public var isTrial = false

    /// Everything as the files say.
    public init() {}
}

extension LeaseManager {
    /// Takes saved leases, and other databases, into the history: all of the files or, if one cannot be read, none.
    ///
    /// What was seen counts from when it was seen, so that the answers about the past are the same in whichever order
    /// files come, and an import that is made again changes nothing. Nothing is deleted by it; the present state of a
    /// lease changes only where a file saw it later than this database did.
    ///
    /// - Parameters:
    ///   - paths: JSON as ``SavedLeases`` reads it, or databases of this program, of this or an older version.
    ///   - options: how.
    ///   - progress: told how far it is.
    /// - Returns: a report for each file, or for each scope of a file that is a database.
    /// - Throws: ``LeaseholdError`` of code `notFound` for a file that is not there, `database` for a database that is
    ///   damaged or newer than the program, `invalid` for leases that cannot be read or cannot have been seen so, and for
    ///   the manager's own database.
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
                        message: "\(path) is a pipe that a database comes out of. Name the file of the database.")
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

    /// Removes the copies of processes that were killed before they could.
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

    /// Whether a name leads to the database of this manager.
    package func isOwnDatabase(_ path: String) -> Bool { store.files.isMain(path) }

    /// The manager's own files are never opened past SQLite.
    private func requireForeign(_ path: String) throws(LeaseholdError) {
        guard store.files.contains(path) else { return }
        throw LeaseholdError(
            code: .invalid,
            message: isOwnDatabase(path)
                ? "\(path) is the database that is open here: it has all that is in it. Leave it out."
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
        // What is piped in was written just now.
        let written =
            facts.kind == .regular ? Timestamp(secondsSince1970: facts.modifiedSeconds) : configuration.now()
        let leases: SavedLeases
        do {
            leases = try SavedLeases(parsing: bytes)
        } catch {
            throw LeaseholdError(
                code: .invalid, message: "\(path) cannot be taken in: \(error). Nothing was changed.")
        }
        return .leases(
            leases, scope: try scope(of: leases, path, options), observedAt: options.observedAt ?? written,
            isDatedByFile: options.observedAt == nil && leases.leases.contains { $0.lastSeenAt == nil })
    }

    // MARK: - Scopes

    /// The scopes that are asked for; `nil` if any will do.
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
                \(path): nothing is taken, since \(options.project.map { "project \($0)" } ?? "the cloud asked for") is \
                not known here. `leasehold sites` shows what is; without --project and --os-cloud everything is taken.
                """)
    }

    /// The one scope that saved leases can be of.
    private func scope(
        of saved: SavedLeases, _ path: String, _ options: ImportOptions
    ) throws(LeaseholdError) -> Scope {
        let known = try scopes()
        let all = try chosenScopes(options) ?? known
        let projects = Set(saved.leases.map(\.lease.projectID)).subtracting([""])
        let fitting = all.filter { scope in scope.seesAllProjects || projects.allSatisfy { $0 == scope.projectID } }
        // A project's own member is asked before an administrator who sees it too.
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
                    \(path): it is not known which cloud its leases are of. Run `leasehold sync` for that cloud once, \
                    or name another with --os-cloud and --project.
                    """)
        }
        throw LeaseholdError(
            code: .invalid,
            message: candidates.isEmpty
                ? """
                \(path): its leases belong to \(projects.count == 1 ? "project" : "projects") \
                \(projects.sorted().joined(separator: ", ")), which is not what is mirrored of \
                \(names.joined(separator: ", ")).
                """
                : """
                \(path): its leases may be of \(names.joined(separator: " or ")). \
                Say which with --os-cloud, or --project.
                """)
    }
}
