import LeaseModel
import LocalFiles

/// The address of the page that a process serves for a database, in a file beside it that only its owner may read.
///
/// The address contains a token that works once, so the file always has the next one.
package struct WebAddress: Sendable {
    /// A page: its address, and how it is served.
    package struct Page: Sendable, Hashable {
        package var address = ""
        package var isReadOnly = false
        /// How long after a sync the next one begins, in seconds; `nil` if it does not sync.
        package var syncSeconds: Int64?
        /// The clouds that it is for; empty for those of the environment.
        package var clouds: [String] = []
        /// Settings of its cloud from the command line, by their names in clouds.yaml.
        package var cloudSettings: [String: String] = [:]
        package var usesUTC = false
        package var basePath = ""
        package var allowedHosts: [String] = []

        package init() {}
    }

    private let path: String

    package init(database: String) { path = DatabaseFiles(named: database).main + "-web" }

    /// The file that the serving process has locked.
    package var lockPath: String { "\(path)-lock" }

    /// The page; `nil` if there is none. Its address works only while the file of the lock is locked.
    package var page: Page? {
        guard let bytes = try? InputFile.bytes(of: path), let json = try? JSONValue(parsing: bytes),
            let object = json.objectValue
        else { return nil }
        return Page(json: object)
    }

    /// Writes the page, with the address that works next. Without the file, it is only harder to open again.
    package func write(_ page: Page) {
        try? PrivateFile.replace(path, with: Array((JSONValue.object(page.json).text(.pretty) + "\n").utf8))
    }

    package func remove() { try? PrivateFile.remove(path) }
}

extension WebAddress.Page {
    fileprivate var json: JSONObject {
        [
            "address": .string(address), "read_only": .bool(isReadOnly),
            "sync_seconds": syncSeconds.map { JSONValue(Int($0)) } ?? .null,
            "clouds": .array(clouds.map(JSONValue.string)),
            "cloud_settings": .object(
                cloudSettings.sorted { $0.key < $1.key }.reduce(into: [:]) { $0[$1.key] = .string($1.value) }),
            "utc": .bool(usesUTC), "base_path": .string(basePath),
            "allowed_hosts": .array(allowedHosts.map(JSONValue.string)),
        ]
    }

    fileprivate init?(json: JSONObject) {
        guard let address = json["address"]?.stringValue else { return nil }
        func texts(_ name: String) -> [String] { json[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        self.init()
        self.address = address
        isReadOnly = json["read_only"]?.boolValue == true
        syncSeconds = json["sync_seconds"]?.intValue.map(Int64.init)
        clouds = texts("clouds")
        for (name, value) in json["cloud_settings"]?.objectValue?.members ?? [] {
            cloudSettings[name] = value.stringValue
        }
        usesUTC = json["utc"]?.boolValue == true
        basePath = json["base_path"]?.stringValue ?? ""
        allowedHosts = texts("allowed_hosts")
    }
}
