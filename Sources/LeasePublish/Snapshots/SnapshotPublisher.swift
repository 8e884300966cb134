import Foundation
package import LeaseModel
import LeaseStore
import LocalFiles

/// Writes snapshots of the database into a folder that a web server serves.
package struct SnapshotPublisher: Sendable {
    private let databasePath: String
    private let folder: String
    private let environment: [String: String]
    private let now: @Sendable () -> Timestamp

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
            let before = try last()
            let store = try LeaseStore(path: databasePath, access: .writing)
            defer { try? store.close() }
            let named = try projects.map(store.projectIDs)
            if let unknown = named?.unknown.first {
                throw PublishError(kind: .invalid, message: "No project '\(unknown)' is known. See `leasehold sites`.")
            }
            let contents = SnapshotContents(projects: named?.ids, leavesOutUsers: leavesOutUsers)
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

    private func write(
        _ store: LeaseStore, _ contents: SnapshotContents, after before: SnapshotManifest?
    ) throws -> SnapshotManifest {
        let manager = FileManager.default
        // On the same disk, so that the snapshot can be renamed, and readable by its owner only until it is complete.
        let work = "\(folder)/.leasehold-\(getpid())"
        try? manager.removeItem(atPath: work)
        try manager.createDirectory(
            atPath: work, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? manager.removeItem(atPath: work) }
        let database = "\(work)/snapshot.sqlite"
        let time = now()
        try store.writeSnapshot(to: database, by: work, contents)
        let size = Int64(FileFacts(path: database)?.size ?? 0)
        let sites = try store.scopes().reduce(into: [SnapshotManifest.Site]()) { sites, scope in
            if let projects = contents.projects, !scope.seesAllProjects, !projects.contains(scope.projectID) { return }
            if let index = sites.firstIndex(where: { $0.name == scope.site }) {
                sites[index].readAt = [sites[index].readAt, scope.listedAt].compactMap(\.self).max()
            } else {
                sites.append(SnapshotManifest.Site(name: scope.site, region: scope.region, readAt: scope.listedAt))
            }
        }
        let packed = "\(database).gz"
        let (bytes, digest) = try pack(database, to: packed)
        let version = (before?.version ?? 0) + 1
        let manifest = SnapshotManifest(
            series: before?.series ?? UUID().uuidString, version: version, madeAt: time,
            file: "leasehold-\(version)-\(digest.prefix(16)).sqlite.gz",
            bytes: bytes, sha256: digest, databaseBytes: size, sites: sites, projects: contents.projects?.sorted(),
            leavesOutUsers: contents.leavesOutUsers)
        try manager.setAttributes([.posixPermissions: 0o644], ofItemAtPath: packed)
        try manager.moveItem(atPath: packed, toPath: "\(folder)/\(manifest.file)")
        let output = try OutputFile(path: "\(folder)/\(SnapshotManifest.name)", besides: store.files)
        do {
            try output.write(Array((manifest.json.text(.pretty) + "\n").utf8))
        } catch {
            output.discard()
            throw error
        }
        try output.finish()
        removeOld(but: [manifest.file, before?.file ?? manifest.file])
        return manifest
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
                whoever may read them would get more. Choose another folder, or remove its \(SnapshotManifest.name).
                """)
    }

    private func removeOld(but kept: [String]) {
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix("leasehold-") && name.hasSuffix(".sqlite.gz") && !kept.contains(name) {
            try? manager.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
