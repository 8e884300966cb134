import LeaseModel
import LocalFiles

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds clouds.yaml, secure.yaml and clouds-public.yaml where the OpenStack SDK looks for them.
///
/// Source: openstacksdk, `openstack/config/loader.py`. The order is: a file named by the environment, the current
/// folder, the user's configuration folder, the computer's. In each folder `.yaml`, `.yml` and `.json` are tried. The
/// first file that can be opened wins.
struct ConfigurationSearch: Sendable {
    let environment: [String: String]
    let homeDirectory: String
    let currentDirectory: String
    let siteDirectories: [String]

    enum Kind: String {
        case clouds, secure
        case publicClouds = "clouds-public"

        var override: String {
            switch self {
            case .clouds: "OS_CLIENT_CONFIG_FILE"
            case .secure: "OS_CLIENT_SECURE_FILE"
            case .publicClouds: "OS_CLIENT_VENDOR_FILE"
            }
        }
    }

    /// The user's configuration folder.
    var userDirectory: String {
        environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(homeDirectory)/.config"
    }

    /// The folders, in search order.
    var directories: [String] {
        let home = "\(homeDirectory)/.config"
        let user = userDirectory
        var folders = [currentDirectory, "\(user)/openstack"]
        if user != home { folders.append("\(home)/openstack") }
        return folders + siteDirectories
    }

    /// The paths to try, in order.
    func candidates(_ kind: Kind) -> [String] {
        let named = environment[kind.override].flatMap { $0.isEmpty ? nil : [absolute($0)] } ?? []
        return named
            + directories.flatMap { folder in ["yaml", "yml", "json"].map { "\(folder)/\(kind.rawValue).\($0)" } }
    }

    /// Makes a path absolute: relative paths begin at the current folder, and `~` is the home folder.
    func absolute(_ path: String) -> String {
        if path == "~" { return homeDirectory }
        if path.hasPrefix("~/") { return homeDirectory + path.dropFirst() }
        return path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
    }

    /// The bytes of a settings file. It may be a pipe, for example from a program that decrypts secrets.
    static func bytes(of path: String) throws(FileProblem) -> [UInt8] {
        try InputFile.bytes(of: path, silenceLimitSeconds: 60)
    }

    /// A remark about files that should contain the clouds and could not be opened; empty if there are none.
    var remark: String {
        var remarks: [String] = []
        for (index, path) in candidates(.clouds).enumerated() {
            let isNamed = index == 0 && environment[Kind.clouds.override]?.isEmpty == false
            let exists = FileManager.default.fileExists(atPath: path)
            if exists, !FileManager.default.isReadableFile(atPath: path) {
                remarks.append("\(path.escapedForTerminal) cannot be read")
            } else if isNamed, !exists {
                remarks.append("\(Kind.clouds.override) names \(path.escapedForTerminal), which does not exist")
            }
        }
        return remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))"
    }

    /// The first file of this kind that can be read and is not empty.
    ///
    /// A file without read permission is skipped, as in the SDK. A broken file is an error, whereas the SDK goes on to
    /// the next one, and leaves people wondering where the cloud went.
    func find(_ kind: Kind) throws(CloudConfigurationError) -> ConfigurationFile? {
        for path in candidates(kind) {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory,
                FileManager.default.isReadableFile(atPath: path)
            else { continue }
            let data: [UInt8]
            do {
                data = try Self.bytes(of: path)
            } catch .silentPipe {
                throw CloudConfigurationError(
                    .brokenFile, FileProblem.silentPipe.clause,
                    at: ConfigurationPosition(file: path, line: nil, column: nil))
            } catch {
                continue
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw CloudConfigurationError(
                    .brokenFile, "not UTF-8 text: save it as UTF-8",
                    at: ConfigurationPosition(file: path, line: nil, column: nil))
            }
            guard !text.allSatisfy(\.isWhitespace) else { continue }
            let file = try ConfigurationFile(path: path, text: text)
            guard !file.isEmpty else { continue }
            return file
        }
        return nil
    }
}
