import Foundation

/// A request to a real cloud and its reply, from a file in `Tests/Fixtures`.
package struct Capture: Sendable {
    /// The folder and file, for example `captures/57-not-enough-hosts.txt`.
    package let name: String
    package let method: String
    package let path: String
    package let requestBody: [UInt8]
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// The first header with a name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Every capture of both clouds.
    package static let all: [Capture] = folders.flatMap { folder in
        ((try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []).sorted().compactMap { file in
            FileManager.default.contents(atPath: root + folder + "/" + file).flatMap {
                Capture(name: folder + "/" + file, bytes: [UInt8]($0))
            }
        }
    }

    /// The capture with a name.
    package static func named(_ name: String) throws -> Capture {
        guard let capture = all.first(where: { $0.name == name || $0.name.hasSuffix("/" + name) }) else {
            throw NoCapture(name: name)
        }
        return capture
    }

    package struct NoCapture: Error { package let name: String }

    private static let folders = ["captures", "captures-chameleon"]
    private static let root: String = {
        let here = URL(fileURLWithPath: #filePath)
        let tests = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return tests.path + "/Fixtures/"
    }()

    /// Parses the file's two parts; `nil` if it lacks them.
    private init?(name: String, bytes: [UInt8]) {
        guard let request = Self.part(after: ">>> REQUEST", of: bytes, upTo: "<<< RESPONSE"),
            let reply = Self.part(after: "<<< RESPONSE", of: bytes, upTo: nil)
        else { return nil }
        let (requestHead, requestBody) = Self.split(request)
        let (replyHead, replyBody) = Self.split(reply)
        let requestLine = (requestHead.first ?? "").split(separator: " ").map(String.init)
        let statusLine = (replyHead.first ?? "").split(separator: " ").map(String.init)
        guard requestLine.count > 1, statusLine.count > 1, let status = Int(statusLine[1]) else { return nil }
        self.name = name
        method = requestLine[0]
        path = requestLine[1]
        self.requestBody = Self.trimmed(requestBody)
        self.status = status
        headers = replyHead.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let isChunked = headers.contains { $0.name.lowercased() == "transfer-encoding" }
        body = isChunked ? Self.withoutChunks(replyBody) : Self.trimmed(replyBody)
    }

    /// The lines after the one that begins with a mark.
    private static func part(after mark: String, of bytes: [UInt8], upTo end: String?) -> [UInt8]? {
        guard let at = position(of: mark, in: bytes), let line = bytes[at...].firstIndex(of: 0x0A) else { return nil }
        let stop = end.flatMap { position(of: $0, in: bytes) } ?? bytes.count
        return line + 1 <= stop ? Array(bytes[(line + 1)..<stop]) : nil
    }

    private static func position(of mark: String, in bytes: [UInt8]) -> Int? {
        let wanted = Array(mark.utf8)
        var start = 0
        while start + wanted.count <= bytes.count {
            if bytes[start] == wanted[0], bytes[start..<(start + wanted.count)].elementsEqual(wanted) { return start }
            start += 1
        }
        return nil
    }

    private static func split(_ part: [UInt8]) -> (head: [String], body: [UInt8]) {
        var lines: [String] = []
        var start = 0
        while let end = part[start...].firstIndex(of: 0x0A) {
            let line = String(decoding: part[start..<end], as: UTF8.self).trimmingCharacters(in: .whitespaces)
            start = end + 1
            if line.isEmpty { break }
            lines.append(line)
        }
        return (lines, Array(part[start...]))
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.firstIndex(where: { $0 > 0x20 }), let last = bytes.lastIndex(where: { $0 > 0x20 })
        else { return [] }
        return Array(bytes[first...last])
    }

    /// The body of a capture with chunks, which is a single line.
    private static func withoutChunks(_ bytes: [UInt8]) -> [UInt8] {
        let lines = bytes.split(separator: 0x0A)
        return lines.max { $0.count < $1.count }.map(Array.init) ?? []
    }
}
