package import LeaseModel

/// What a snapshot's manifest says.
///
/// The manifest is the only file with a fixed name. It is replaced as a whole, after the snapshot that it names.
package struct SnapshotManifest: Sendable, Hashable {
    /// A site in the snapshot.
    package struct Site: Sendable, Hashable {
        package var name: String
        package var region: String
        /// When one of its lists was last read completely.
        package var readAt: Timestamp?
    }

    /// All snapshots of one folder have the same.
    package var series: String
    /// The number of the snapshot in its series.
    package var version: Int64
    package var madeAt: Timestamp
    /// The name of the snapshot, a database compressed by gzip, in the manifest's folder.
    package var file: String
    package var bytes: Int64
    package var sha256: String
    package var databaseBytes: Int64
    package var sites: [Site]
    /// The ids of the only projects in it; `nil` if it has all.
    package var projects: [String]?
    package var leavesOutUsers: Bool

    package static let name = "leasehold-snapshot.json"
    /// The version of the manifest's form.
    private static let form = 1
    private static let maxFileNameBytes = 128
    /// No database is larger (https://www.sqlite.org/limits.html), and no series gets as far.
    private static let maxNumber = 1 << 48

    package var json: JSONValue {
        [
            "leasehold_snapshot": JSONValue(Self.form), "series": .string(series), "version": JSONValue(Int(version)),
            "made_at": .string(madeAt.iso8601), "file": .string(file), "bytes": JSONValue(Int(bytes)),
            "sha256": .string(sha256), "database_bytes": JSONValue(Int(databaseBytes)),
            "sites": .array(
                sites.map {
                    ["name": .string($0.name), "region": .string($0.region), "read_at": JSONValue($0.readAt?.iso8601)]
                }),
            "projects": projects.map { .array($0.map(JSONValue.string)) } ?? .null,
            "without": .array(leavesOutUsers ? ["users"] : []),
        ]
    }

    init(
        series: String, version: Int64, madeAt: Timestamp, file: String, bytes: Int64, sha256: String,
        databaseBytes: Int64, sites: [Site], projects: [String]?, leavesOutUsers: Bool
    ) {
        self.series = series
        self.version = version
        self.madeAt = madeAt
        self.file = file
        self.bytes = bytes
        self.sha256 = sha256
        self.databaseBytes = databaseBytes
        self.sites = sites
        self.projects = projects
        self.leavesOutUsers = leavesOutUsers
    }

    /// Reads a manifest that somebody else's server sent.
    ///
    /// - Parameter bytes: the manifest.
    /// - Throws: ``PublishError`` of kind `data`, which says what is wrong.
    package init(parsing bytes: [UInt8]) throws(PublishError) {
        func broken(_ what: String) -> PublishError {
            PublishError(kind: .data, message: "The manifest is not one of a snapshot: \(what). Nothing was changed.")
        }
        guard let object = (try? JSONValue(parsing: bytes))?.objectValue else { throw broken("it is not JSON") }
        guard let form = object["leasehold_snapshot"]?.intValue else { throw broken("it has no leasehold_snapshot") }
        guard form == Self.form else {
            throw PublishError(
                kind: .data,
                message: """
                    The snapshot was made by a newer leasehold (manifest \(form); this program knows \(Self.form)). Install \
                    the newer program. Nothing was changed.
                    """)
        }
        func text(_ key: String, _ isValid: (String) -> Bool) throws(PublishError) -> String {
            guard let text = object[key]?.stringValue, isValid(text) else {
                throw broken("its \(key) is missing or wrong")
            }
            return text
        }
        func number(_ key: String) throws(PublishError) -> Int64 {
            guard let number = object[key]?.intValue, (0...Self.maxNumber).contains(number) else {
                throw broken("its \(key) is missing or wrong")
            }
            return Int64(number)
        }
        series = try text("series") { (1...64).contains($0.utf8.count) }
        version = try number("version")
        self.bytes = try number("bytes")
        databaseBytes = try number("database_bytes")
        sha256 = try text("sha256") { $0.utf8.count == 64 && $0.utf8.allSatisfy(Self.isHexDigit) }
        // It becomes a part of an address: nothing but a plain name.
        file = try text("file") {
            (1...Self.maxFileNameBytes).contains($0.utf8.count) && !$0.hasPrefix(".")
                && $0.utf8.allSatisfy { Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        }
        guard let made = object["made_at"]?.stringValue.flatMap(Timestamp.init(parsing:)) else {
            throw broken("its made_at is missing or wrong")
        }
        madeAt = made
        sites = (object["sites"]?.arrayValue ?? []).compactMap { value in
            guard let site = value.objectValue, let name = site["name"]?.stringValue else { return nil }
            return Site(
                name: name, region: site["region"]?.stringValue ?? "",
                readAt: site["read_at"]?.stringValue.flatMap(Timestamp.init(parsing:)))
        }
        projects = object["projects"]?.arrayValue.map { $0.compactMap(\.stringValue) }
        leavesOutUsers = object["without"]?.arrayValue?.contains("users") ?? false
    }

    private static let digestDigits = 16

    /// The name of a snapshot.
    static func fileName(version: Int64, sha256: String) -> String {
        "leasehold-\(version)-\(sha256.prefix(digestDigits)).sqlite.gz"
    }

    /// Whether a file has such a name.
    static func isFileName(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "leasehold", !parts[1].isEmpty, parts[2].hasSuffix(".sqlite.gz") else {
            return false
        }
        let digest = parts[2].utf8.prefix { $0 != UInt8(ascii: ".") }
        return parts[1].utf8.allSatisfy(isDigit) && digest.count == digestDigits && digest.allSatisfy(isHexDigit)
            && parts[2].utf8.count == digestDigits + ".sqlite.gz".utf8.count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
