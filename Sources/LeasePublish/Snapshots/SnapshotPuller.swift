import Foundation
package import LeaseModel
import LeaseStore
import LocalFiles
import OpenStackClient

/// Takes snapshots from a web server.
package struct SnapshotPuller: Sendable {
    /// A snapshot that was fetched and checked, but not imported yet.
    package struct Fetched: Sendable {
        package let manifest: SnapshotManifest
        /// The database, in a temporary folder.
        package let path: String
        fileprivate let etag: String?
        /// What a person should know about it.
        package let remark: String?
    }

    /// What the server has.
    package enum Outcome: Sendable {
        /// The same as was taken last, which was made at this time.
        case nothingNew(madeAt: Timestamp)
        case new(Fetched)
    }

    private let url: String
    private let databasePath: String
    private let environment: [String: String]
    private let userAgent: String
    private let now: @Sendable () -> Timestamp

    private static let maxManifestBytes = 1 << 20
    /// A gzip file expands a thousandfold at most; a database does so tenfold.
    private static let maxExpansion: Int64 = 1_100

    /// - Parameters:
    ///   - url: the address of the folder, or of its manifest.
    ///   - databasePath: the database that takes it.
    ///   - environment: the variables; `LEASEHOLD_PULL_TOKEN` is sent to the server as a bearer token.
    ///   - userAgent: the value of `User-Agent`.
    ///   - now: the clock.
    /// - Throws: ``PublishError`` of kind `invalid` for an address that cannot be used, or `configuration` for one to which
    ///   the token must not be sent.
    package init(
        url: String, databasePath: String, environment: [String: String], userAgent: String,
        now: @escaping @Sendable () -> Timestamp
    ) throws(PublishError) {
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false
        else {
            throw PublishError(kind: .invalid, message: "'\(url)' is not an address of http or https.")
        }
        guard parts.user == nil, parts.password == nil else {
            throw PublishError(
                kind: .invalid,
                message: """
                    A password on the command line can be read by every user of this machine. Put a token into the \
                    variable LEASEHOLD_PULL_TOKEN.
                    """)
        }
        let token = environment["LEASEHOLD_PULL_TOKEN"] ?? ""
        guard token.isEmpty || parts.scheme?.lowercased() == "https" || Self.isLoopback(parts.host ?? "") else {
            throw PublishError(
                kind: .configuration,
                message: """
                    LEASEHOLD_PULL_TOKEN would travel in the clear to \(parts.host ?? url). Name an address of https, or \
                    unset the variable.
                    """)
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw PublishError(kind: .invalid, message: "The address has a ? or a #. Name the folder of the snapshots.")
        }
        let isManifest = url.hasSuffix("/\(SnapshotManifest.name)")
        self.url = isManifest ? url : "\(url.hasSuffix("/") ? url : url + "/")\(SnapshotManifest.name)"
        self.databasePath = databasePath
        self.environment = environment
        self.userAgent = userAgent
        self.now = now
    }

    /// Whether a host is this machine, so that nobody can listen on the way.
    private static func isLoopback(_ host: String) -> Bool {
        if ["localhost", "::1", "[::1]"].contains(host.lowercased()) { return true }
        // A name may begin with 127, too.
        return host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }

    /// Fetches the snapshot if it is new.
    ///
    /// - Parameters:
    ///   - folder: an existing folder for it.
    ///   - acceptsOlder: whether an older one than that which was taken last is accepted, or one of another series.
    /// - Returns: what the server has.
    /// - Throws: ``PublishError``. Nothing was changed then.
    package func fetch(into folder: String, acceptsOlder: Bool) async throws(PublishError) -> Outcome {
        let last = try stored { store throws(StoreError) in try store.pulledSnapshot(from: url) }
        let transport: AsyncHTTPClientTransport
        do {
            transport = try AsyncHTTPClientTransport(
                proxies: ProxySettings(environment: environment), userAgent: userAgent, clock: now)
        } catch {
            throw PublishError(kind: .configuration, message: error.message)
        }
        let result: Result<Outcome, PublishError>
        do {
            result = .success(try await fetch(transport, last, into: folder, acceptsOlder: acceptsOlder))
        } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        return try result.get()
    }

    /// Records that a snapshot was imported.
    package func note(_ fetched: Fetched) throws(PublishError) {
        let manifest = fetched.manifest
        let pulled = PulledSnapshot(
            etag: fetched.etag, series: manifest.series, version: manifest.version, sha256: manifest.sha256,
            madeAt: manifest.madeAt)
        try stored { store throws(StoreError) in try store.note(pulled, from: url, at: now()) }
    }

    private func stored<Value>(_ body: (LeaseStore) throws(StoreError) -> Value) throws(PublishError) -> Value {
        do throws(StoreError) {
            let store = try LeaseStore(path: databasePath, access: .writing)
            let value = try body(store)
            try store.close()
            return value
        } catch {
            throw PublishError(error)
        }
    }

    // MARK: - Fetching

    private func fetch(
        _ transport: AsyncHTTPClientTransport, _ last: PulledSnapshot?, into folder: String, acceptsOlder: Bool
    ) async throws(PublishError) -> Outcome {
        let (reply, manifestBytes) = try await manifest(transport, etag: last?.etag)
        guard let manifestBytes else {
            guard let last else { throw problem("it answered 304 although nothing was taken from it before") }
            return .nothingNew(madeAt: last.madeAt)
        }
        let manifest = try SnapshotManifest(parsing: manifestBytes)
        if let last, last.series == manifest.series, last.version == manifest.version, last.sha256 == manifest.sha256 {
            return .nothingNew(madeAt: last.madeAt)
        }
        let remark = try compare(manifest, with: last, acceptsOlder: acceptsOlder)
        let path = try await download(transport, manifest, into: folder)
        return .new(Fetched(manifest: manifest, path: path, etag: reply.headers["ETag"], remark: remark))
    }

    /// Refuses what would lead back in time.
    ///
    /// - Returns: what a person should know.
    private func compare(
        _ manifest: SnapshotManifest, with last: PulledSnapshot?, acceptsOlder: Bool
    ) throws(PublishError) -> String? {
        guard manifest.madeAt <= now().adding(seconds: 86_400) else {
            throw problem("its snapshot is said to be from \(manifest.madeAt), which has not come yet")
        }
        guard let last else { return nil }
        let words = "the snapshot of \(manifest.madeAt) (number \(manifest.version))"
        let known = "that of \(last.madeAt) (number \(last.version)) was taken before"
        if last.series != manifest.series {
            guard acceptsOlder || manifest.madeAt > last.madeAt else {
                throw PublishError(
                    kind: .data,
                    message: """
                        \(url) has \(words) of another series, and \(known), which is newer. Nothing was changed. If that \
                        is right, use --accept-older.
                        """)
            }
            return "The snapshots of \(url) have begun again: \(words)."
        }
        guard acceptsOlder || manifest.version > last.version else {
            throw PublishError(
                kind: .data,
                message: """
                    \(url) has \(words), but \(known). It may be an old copy in a cache. Nothing was changed. If it is \
                    right, use --accept-older.
                    """)
        }
        return manifest.version > last.version ? nil : "An older snapshot was taken: \(words)."
    }

    private func manifest(
        _ transport: AsyncHTTPClientTransport, etag: String?
    ) async throws(PublishError) -> (HTTPReply, [UInt8]?) {
        var headers: HTTPFields = ["Accept": "application/json"]
        if let etag { headers.add("If-None-Match", etag) }
        // Nothing in between may answer with an old copy.
        headers.add("Cache-Control", "no-cache")
        let reply = try await get(transport, url, headers)
        if reply.status == 304 { return (reply, nil) }
        try require200(reply, url)
        do {
            return (reply, try await reply.body.collect(upTo: Self.maxManifestBytes))
        } catch {
            throw unreachable(error)
        }
    }

    /// Fetches the file, compares it with the manifest, and unpacks it.
    ///
    /// - Returns: the path of the database.
    private func download(
        _ transport: AsyncHTTPClientTransport, _ manifest: SnapshotManifest, into folder: String
    ) async throws(PublishError) -> String {
        guard manifest.databaseBytes / Self.maxExpansion <= manifest.bytes else {
            throw problem("its snapshot would become \(manifest.databaseBytes) bytes, which is impossible")
        }
        let address = String(url.dropLast(SnapshotManifest.name.count)) + manifest.file
        let reply = try await get(transport, address, [:])
        try require200(reply, address)
        let packed = "\(folder)/snapshot.gz"
        let file: OutputFile
        do {
            file = try OutputFile(new: packed, permissions: 0o600)
        } catch {
            throw PublishError(kind: .data, message: "\(folder) cannot be written: \(error.clause).")
        }
        var count: Int64 = 0
        var hash = SHA256()
        do {
            var parts = reply.body.makeAsyncIterator()
            while let part = try await parts.next() {
                count += Int64(part.count)
                guard count <= manifest.bytes else { break }
                hash.update(part)
                try file.write(part)
            }
            try file.finish()
        } catch let error as TransportError {
            file.discard()
            throw unreachable(error)
        } catch let error as FileProblem {
            file.discard()
            throw PublishError(
                kind: .data, message: "\(folder) cannot be written: \(error.clause). Nothing was changed.")
        } catch {
            throw PublishError(kind: .data, message: "\(folder) cannot be written: \(error). Nothing was changed.")
        }
        guard count == manifest.bytes else {
            throw incomplete(
                "its snapshot has \(count > manifest.bytes ? "more than " : "")\(min(count, manifest.bytes)) "
                    + "bytes instead of \(manifest.bytes)")
        }
        guard hash.hexadecimal == manifest.sha256 else {
            throw incomplete("its snapshot is not the one that the manifest describes")
        }
        do {
            return try unpack(packed, manifest, into: folder)
        } catch let error as PublishError {
            throw error
        } catch {
            throw PublishError(kind: .data, message: "\(packed) cannot be unpacked: \(error). Nothing was changed.")
        }
    }

    private func unpack(_ packed: String, _ manifest: SnapshotManifest, into folder: String) throws -> String {
        let path = "\(folder)/snapshot-\(manifest.version).sqlite"
        let database = try OutputFile(new: path, permissions: 0o600)
        var count: Int64 = 0
        do {
            try SystemProgram("gzip", environment: environment).run(["-dc", "--", packed]) { part in
                count += Int64(part.count)
                guard count <= manifest.databaseBytes else {
                    throw incomplete("its snapshot is larger than the manifest says")
                }
                try database.write(part)
            }
        } catch {
            database.discard()
            throw error
        }
        try database.finish()
        guard count == manifest.databaseBytes else {
            throw incomplete("its snapshot is smaller than the manifest says")
        }
        try? FileManager.default.removeItem(atPath: packed)
        return path
    }

    // MARK: - Requests

    private func get(
        _ transport: AsyncHTTPClientTransport, _ address: String, _ headers: HTTPFields
    ) async throws(PublishError) -> HTTPReply {
        var headers = headers
        if let token = environment["LEASEHOLD_PULL_TOKEN"], !token.isEmpty {
            guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw PublishError(
                    kind: .configuration, message: "LEASEHOLD_PULL_TOKEN has characters that a token cannot have.")
            }
            headers.add("Authorization", "Bearer \(token)")
        }
        do {
            return try await transport.send(HTTPRequest(method: "GET", url: address, headers: headers))
        } catch {
            throw unreachable(error)
        }
    }

    private func require200(_ reply: HTTPReply, _ address: String) throws(PublishError) {
        switch reply.status {
        case 200: return
        case 401, 403:
            throw PublishError(
                kind: .refused,
                message: "\(address) is refused (HTTP \(reply.status)). Put a token into LEASEHOLD_PULL_TOKEN.")
        case 404, 410:
            throw PublishError(
                kind: .unreachable,
                message:
                    "There is no \(address) (HTTP \(reply.status)). Name the folder that `publish snapshot` writes.")
        case 300..<400:
            throw PublishError(
                kind: .unreachable,
                message: """
                    \(address) leads elsewhere (HTTP \(reply.status)\(reply.headers["Location"].map { ", \($0)" } ?? "")). \
                    Name that address.
                    """)
        default:
            throw PublishError(
                kind: .unreachable, message: "\(address) answered with HTTP \(reply.status). Try again later.")
        }
    }

    private func unreachable(_ error: TransportError) -> PublishError {
        PublishError(kind: .unreachable, message: "\(url) cannot be read: \(error.kind.rawValue). Nothing was changed.")
    }

    private func incomplete(_ what: String) -> PublishError {
        PublishError(kind: .unreachable, message: "\(url): \(what). Nothing was changed; try again.")
    }

    private func problem(_ what: String) -> PublishError {
        PublishError(kind: .data, message: "\(url): \(what). Nothing was changed.")
    }
}
