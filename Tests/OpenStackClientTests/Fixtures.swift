import Foundation
import LeaseModel
import OpenStackClient

/// The files of Tests/Fixtures.
enum Fixtures {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/\(name)").path(percentEncoded: false)
    }
}

/// A request and its reply as they were exchanged with a real Keystone.
struct Capture {
    let requestLine: String
    let requestBody: JSONValue
    let status: Int
    let headers: HTTPFields
    let body: String

    init(_ name: String) throws {
        let text = try String(contentsOfFile: Fixtures.path("captures/\(name)"), encoding: .utf8)
        let halves = text.components(separatedBy: "<<< RESPONSE")
        let request = halves[0].components(separatedBy: "\n\n")
        requestLine = String(request[0].split(separator: "\n")[1])
        requestBody = try JSONValue(parsing: request[1])
        let response = halves[1].components(separatedBy: "\n\n")
        let lines = response[0].split(separator: "\n").dropFirst()
        status = Int(lines.first?.split(separator: " ")[1] ?? "") ?? 0
        var headers = HTTPFields()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.add(String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
        }
        self.headers = headers
        body = response[1].trimmingCharacters(in: .whitespacesAndNewlines)
    }

    var reply: HTTPReply { HTTPReply(status: status, headers: headers, body: .whole(Array(body.utf8))) }
}

/// A folder for one test, removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "leasehold-\(UUID().uuidString)")
            .path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    /// A loader that sees only this folder: `cwd`, `home` and `etc` below it.
    func loader(_ environment: [String: String] = [:]) -> CloudConfigurationLoader {
        CloudConfigurationLoader(
            environment: environment, homeDirectory: "\(path)/home", currentDirectory: "\(path)/cwd",
            siteDirectories: ["\(path)/etc"])
    }
}
