import Foundation
package import LeaseModel
import LeaseStore
import LocalFiles
import Synchronization

/// Writes snapshots of the database into a folder that a web server serves.
///
/// Only what is published comes into that folder. The copies from which it is made lie beside the database, readable by
/// their owner only.
package final class SnapshotPublisher: Sendable {
    private let databasePath: String
    private let folder: String
    private let environment: [String: String]
    private let now: @Sendable () -> Timestamp
    /// What is to be removed if the process must end.
    private let unfinished = Mutex<[String]>([])

    /// - Parameters:
    ///   - databasePath: the database.
    ///   - folder: the folder, made if needed.
    ///   - environment: the variables for programs.
    ///   - now: the clock.
    package init(
        databasePath: String, folder: String, environment: [String: String], now: @escaping @Sendable () -> Timestamp
    ) {
        self.databasePath = databasePath
        self.folder = folder
        self.environment = environment
        self.now = now
    }

    private static let lockName = ".leasehold-snapshot.lock"
    /// The name of a snapshot that is not complete.
    private static let partName = ".leasehold-snapshot.part"

    /// Removes what is not complete, from any thread, because the process must end.
    package func discard() {
        for path in unfinished.withLock(\.self) { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Writes a snapshot, and then its manifest. The snapshot before stays, for those who are reading it.
    ///
    /// - Parameters:
    ///   - projects: the only projects in it, by id or name; `nil` for all.
    ///   - leavesOutUsers: whether the names of users are left out.
    /// - Returns: the manifest.
    /// - Throws: ``PublishError``.
    package func publish(projects: [String]?, leavesOutUsers: Bool) throws(PublishError) -> SnapshotManifest {
        do {
            let manager = FileManager.default
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
            guard let lock = try LockFile(path: "\(folder)/\(Self.lockName)") else {
                throw PublishError(kind: .data, message: "Another process is writing a snapshot to \(folder).")
            }
            defer { _ = lock }
            removeAbandoned()
            let before = try last()
            let store = try LeaseStore(path: databasePath, access: .writing)
            defer { try? store.close() }
            let ids = try projects.map { try Set($0.map { try id(of: $0, store) }) }
            let contents = SnapshotContents(projects: ids, leavesOutUsers: leavesOutUsers)
            try requireSame(contents, as: before)
            return try write(store, contents, after: before)
        } catch let error as PublishError {
            throw error
        } catch let error as StoreError {
            throw PublishError(error)
        } catch let error as FileProblem {
            throw PublishError(kind: .data, message: "\(folder) cannot be written: \(error.clause).")
        } catch {
            throw PublishError(kind: .data, message: "\(folder) cannot be written: \(error.localizedDescription)")
        }
    }

    /// The id of the project that a person names.
    private func id(of project: String, _ store: LeaseStore) throws -> String {
        let found = try store.projects(named: project)
        guard let first = found.first else {
            throw PublishError(kind: .invalid, message: "No project '\(project)' is known. See `leasehold sites`.")
        }
        // Members of one must not get what belongs to another.
        guard found.count == 1 else {
            let list = found.map { "\($0.id) (\($0.sites.joined(separator: ", ")))" }.joined(separator: ", ")
            throw PublishError(
                kind: .data,
                message:
                    "\(found.count) projects have the name '\(project)': \(list). Give the id of one with --project.")
        }
        return first.id
    }

    private func write(
        _ store: LeaseStore, _ contents: SnapshotContents, after before: SnapshotManifest?
    ) throws -> SnapshotManifest {
        let manager = FileManager.default
        let work = try WorkFolder(beside: store.files)
        let part = "\(folder)/\(Self.partName)"
        unfinished.withLock { $0 = [work.path, part] }
        defer {
            try? manager.removeItem(atPath: part)
            unfinished.withLock { $0 = [] }
            _ = work
        }
        let database = "\(work.path)/snapshot.sqlite"
        let time = now()
        try store.writeSnapshot(to: database, by: work.path, contents)
        let size = Int64(FileFacts(path: database)?.size ?? 0)
        let sites = try sites(store, contents)
        let (bytes, digest) = try pack(database, to: part)
        let version = (before?.version ?? 0) + 1
        let manifest = SnapshotManifest(
            series: before?.series ?? UUID().uuidString, version: version, madeAt: time,
            file: SnapshotManifest.fileName(version: version, sha256: digest), bytes: bytes,
            sha256: digest, databaseBytes: size, sites: sites, projects: contents.projects?.sorted(),
            leavesOutUsers: contents.leavesOutUsers)
        try manager.setAttributes([.posixPermissions: 0o644], ofItemAtPath: part)
        // A file of that name is one without a manifest: a process was killed before it wrote that.
        guard rename(part, "\(folder)/\(manifest.file)") == 0 else { throw FileProblem.last }
        let output = try OutputFile(path: "\(folder)/\(SnapshotManifest.name)", besides: store.files)
        do {
            try output.write(Array((manifest.json.text(.pretty) + "\n").utf8))
        } catch {
            output.discard()
            throw error
        }
        try output.finish()
        removeSnapshots(but: [manifest.file, before?.file ?? manifest.file])
        return manifest
    }

    /// The sites in a snapshot, and when they were last read.
    private func sites(_ store: LeaseStore, _ contents: SnapshotContents) throws -> [SnapshotManifest.Site] {
        try store.scopes().reduce(into: []) { sites, scope in
            if let projects = contents.projects, !scope.seesAllProjects, !projects.contains(scope.projectID) { return }
            if let index = sites.firstIndex(where: { $0.name == scope.site }) {
                sites[index].readAt = [sites[index].readAt, scope.listedAt].compactMap(\.self).max()
            } else {
                sites.append(SnapshotManifest.Site(name: scope.site, region: scope.region, readAt: scope.listedAt))
            }
        }
    }

    /// Compresses a file.
    ///
    /// - Returns: the size of the new file in bytes, and its SHA-256.
    private func pack(_ database: String, to packed: String) throws -> (bytes: Int64, digest: String) {
        let file = try OutputFile(new: packed, permissions: 0o600)
        var bytes: Int64 = 0
        var hash = SHA256()
        do {
            // -n leaves out the time, so that the same database gives the same file.
            try SystemProgram("gzip", environment: environment).run(["-c", "-n", "-4", "--", database]) { part in
                bytes += Int64(part.count)
                hash.update(part)
                try file.write(part)
            }
        } catch {
            file.discard()
            throw error
        }
        try file.finish()
        return (bytes, hash.hexadecimal)
    }

    /// The manifest that is there; `nil` if there is none.
    private func last() throws -> SnapshotManifest? {
        let path = "\(folder)/\(SnapshotManifest.name)"
        guard FileFacts(path: path) != nil else { return nil }
        return try SnapshotManifest(parsing: InputFile.bytes(of: path))
    }

    /// A folder has one kind of snapshots: whoever may read it must not suddenly get more.
    private func requireSame(_ contents: SnapshotContents, as before: SnapshotManifest?) throws(PublishError) {
        guard let before else { return }
        let mayReadMore =
            before.leavesOutUsers && !contents.leavesOutUsers
            || before.projects.map { old in contents.projects.map { !$0.isSubset(of: old) } ?? true } ?? false
        guard mayReadMore else { return }
        throw PublishError(
            kind: .invalid,
            message: """
                The snapshots in \(folder) have \(before.leavesOutUsers ? "no names of users" : "fewer projects"), and \
                anyone who can read them would get more. Choose another folder, or remove its \(SnapshotManifest.name).
                """)
    }

    // MARK: - Removing

    /// Removes what processes that were killed have left in the folder. The lock is held, so there is no other process.
    private func removeAbandoned() {
        func isNumber(_ text: Substring) -> Bool {
            !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        remove { name in
            let isWork = name.hasPrefix(".leasehold-") && isNumber(name.dropFirst(".leasehold-".count))
            let isManifest =
                name.hasPrefix(SnapshotManifest.name + ".") && name.hasSuffix(".part")
                && isNumber(name.dropFirst(SnapshotManifest.name.count + 1).dropLast(".part".count))
            return name == Self.partName || isWork || isManifest
        }
    }

    /// Removes the snapshots that nobody needs any more, and nothing else.
    private func removeSnapshots(but kept: Set<String>) {
        remove { !kept.contains($0) && SnapshotManifest.isFileName($0) }
    }

    private func remove(_ isUnneeded: (String) -> Bool) {
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] where isUnneeded(name) {
            try? manager.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
