import Foundation
package import LeaseModel
import LocalFiles
package import OpenStackClient

/// Why a message could not be sent, in a clause. It contains no secret.
package struct ChannelProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

/// Sends a message through a channel, within the channel's time limit.
package struct ChannelSender: Sendable {
    private let environment: [String: String]
    private let userAgent: String
    private let now: @Sendable () -> Timestamp

    package init(environment: [String: String], userAgent: String, now: @escaping @Sendable () -> Timestamp) {
        self.environment = environment
        self.userAgent = userAgent
        self.now = now
    }

    package func send(_ message: OutgoingMessage, through channel: NotifyChannel) async throws(ChannelProblem) {
        let limit = TimeLimit(seconds: channel.timeLimitSeconds)
        switch channel.means {
        case .desktop: try await notify(message, limit)
        case .mail(let to, let from, let program): try await mail(message, to, from, program, limit)
        case .webhook(let url, let shape, let token): try await post(message, url, shape, token, limit)
        case .command(let words):
            let input = Array((JSONValue.object(message.json).text() + "\n").utf8)
            _ = try await run(words, "the command", input: input, limit)
        }
    }

    /// How much of a channel's time is left.
    private struct TimeLimit {
        let total: Int64
        private let end: ContinuousClock.Instant

        init(seconds: Int64) {
            total = seconds
            end = ContinuousClock.now.advanced(by: .seconds(seconds))
        }

        var seconds: Double { max(0.001, (end - ContinuousClock.now) / .seconds(1)) }
    }

    // MARK: - Programs

    /// Runs a program that must end with status 0, and returns what it wrote.
    private func run(
        _ words: [String], _ name: String, input: [UInt8] = [], tellsErrors: Bool = true, _ limit: TimeLimit
    ) async throws(ChannelProblem) -> [UInt8] {
        let result = await ChildProcess(arguments: words, environment: environment).run(
            input: input, seconds: limit.seconds)
        let complaint = tellsErrors && !result.complaint.isEmpty ? ": \(result.complaint.escapedForTerminal)" : ""
        switch result.end {
        case .exited(0): return result.output
        case .exited(let status): throw ChannelProblem(description: "\(name) ended with status \(status)\(complaint)")
        case .killed(let signal): throw ChannelProblem(description: "\(name) was ended by signal \(signal)\(complaint)")
        case .timedOut:
            throw ChannelProblem(description: "\(name) took longer than \(limit.total) s, and was stopped\(complaint)")
        case .notStarted(let reason): throw ChannelProblem(description: "\(name) cannot be started: \(reason)")
        }
    }

    private func mail(
        _ message: OutgoingMessage, _ to: [String], _ from: String?, _ program: [String]?, _ limit: TimeLimit
    ) async throws(ChannelProblem) {
        let installed = ["/usr/sbin/sendmail", "/usr/lib/sendmail"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        let text = MailText(message: message, to: to, from: from, host: Self.hostName, now: now())
        // -t takes the addresses from the headers, and -i a line with a single dot as text.
        _ = try await run(
            (program ?? [installed ?? "sendmail"]) + ["-t", "-i"], "sendmail", input: text.bytes, limit)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let isPlain = text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        return isPlain && !text.isEmpty ? text : "localhost"
    }

    /// Shows a notification by the desktop's service (org.freedesktop.Notifications), through GLib's `gdbus`.
    private func notify(_ message: OutgoingMessage, _ limit: TimeLimit) async throws(ChannelProblem) {
        // The service replaces a notification with the same number instead of showing it twice.
        let number = UInt32(truncatingIfNeeded: ContentDigest.digest(of: Array(message.id.utf8))) | 0x4000_0000
        let body = message.text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        do {
            _ = try await run(
                [
                    "gdbus", "call", "--session", "--timeout", "\(Int(limit.seconds.rounded(.up)))", "--dest",
                    "org.freedesktop.Notifications", "--object-path", "/org/freedesktop/Notifications", "--method",
                    "org.freedesktop.Notifications.Notify", "'leasehold'", "\(number)", "''",
                    Self.quoted(message.title),
                    Self.quoted(body), "@as []", "@a{sv} {}", "@i -1",
                ], "gdbus", limit)
        } catch {
            let isMissing = error.description.contains("cannot be started")
            throw isMissing
                ? ChannelProblem(description: "\(error) (Debian has it in the package libglib2.0-bin)") : error
        }
    }

    /// A text as GVariant writes it.
    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("'", with: "\\'").replacing("\n", with: "\\n")
        return "'\(escaped)'"
    }

    // MARK: - Web services

    private func post(
        _ message: OutgoingMessage, _ url: SecretSource, _ shape: WebhookShape, _ token: SecretSource?,
        _ limit: TimeLimit
    ) async throws(ChannelProblem) {
        let address = try await secret(url, "url", limit).reveal()
        guard ["https://", "http://"].contains(where: { address.lowercased().hasPrefix($0) }) else {
            throw ChannelProblem(description: "the url does not begin with https:// or http://")
        }
        let target = WebhookBody.request(message, shape, to: address)
        var headers: HTTPFields = [
            "Content-Type": "application/json", "Idempotency-Key": message.id, "X-Leasehold-Id": message.id,
        ]
        if let token { headers.add("Authorization", "Bearer \(try await secret(token, "token", limit).reveal())") }
        let transport: AsyncHTTPClientTransport
        do {
            transport = try AsyncHTTPClientTransport(
                proxies: ProxySettings(environment: environment), userAgent: userAgent, clock: now)
        } catch {
            throw ChannelProblem(description: error.message)
        }
        let seconds = Int(limit.seconds.rounded(.up))
        // Neither the address nor the answer is logged: both may contain the secret.
        let request = HTTPRequest(
            method: "POST", url: target.url, headers: headers, body: Array(JSONValue.object(target.body).text().utf8),
            timeouts: HTTPTimeouts(connectSeconds: seconds, idleSeconds: seconds, totalSeconds: seconds))
        let answer: Result<Int, ChannelProblem>
        do {
            answer = .success(try await transport.send(request).status)
        } catch {
            answer = .failure(ChannelProblem(description: error.kind.rawValue))
        }
        await transport.shutdown()
        let status = try answer.get()
        guard (200..<300).contains(status) else {
            throw ChannelProblem(description: "the service answered with HTTP \(status)")
        }
    }

    private func secret(
        _ source: SecretSource, _ key: String, _ limit: TimeLimit
    ) async throws(ChannelProblem) -> Secret {
        let bytes: [UInt8]
        switch source {
        case .text(let secret): return secret
        case .file(let path):
            do {
                bytes = try InputFile.bytes(of: path, silenceLimitSeconds: Int32(limit.total))
            } catch {
                throw ChannelProblem(description: "\(key)_file cannot be read: \(error.clause)")
            }
        case .command(let words):
            // What the command complains of may repeat the secret.
            bytes = try await run(words, "\(key)_command", tellsErrors: false, limit)
        }
        // The secret is the first line, as with other programs that keep secrets.
        let text = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ChannelProblem(description: "\(key) is empty, or has characters that it cannot have")
        }
        return Secret(text)
    }
}
