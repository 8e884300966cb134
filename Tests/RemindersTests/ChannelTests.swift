import Foundation
import LeaseModel
import LeaseStore
import OpenStackClient
import Testing

@testable import Reminders

@Suite struct ChannelTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)

    private func message(_ names: [String], late: Int = 0) -> OutgoingMessage {
        let reminders = names.enumerated().map { index, name in
            (
                reminder: Reminder(
                    kind: .end, subject: "uc/\(index)", deadline: Self.now.adding(seconds: 3_600), leadSeconds: 3_600,
                    site: "uc", leaseID: "\(index)", name: name), token: "t\(index)"
            )
        }
        return OutgoingMessage(
            ReminderMessage(channel: "c", id: "id1", reminders: reminders, lateCount: late), now: Self.now,
            time: \.iso8601)
    }

    private func send(_ means: NotifyChannel.Means, seconds: Int64 = 10) async -> String? {
        let sender = ChannelSender(
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/"], userAgent: "test", now: { Self.now })
        do throws(ChannelProblem) {
            let channel = NotifyChannel(name: "c", means: means, timeLimitSeconds: seconds)
            try await sender.send(message(["train"]), through: channel)
            return nil
        } catch {
            return error.description
        }
    }

    // MARK: - Texts

    @Test func oneReminderIsItsOwnTitle() {
        let one = message(["train"])
        #expect(one.title == "train (uc) ends in 1 h, at 2027-01-15T09:00:00Z")
        #expect(one.text == one.title)
        #expect(one.json["reminders"]?.arrayValue?.first?["id"] == "t0")
    }

    @Test func manyRemindersAreOneMessage() {
        let many = message((0..<30).map { "l\($0)" }, late: 3)
        #expect(many.title == "33 reminders")
        let lines = many.text.split(separator: "\n")
        #expect(lines.count == 22)
        #expect(lines[20] == "and 10 more (leasehold notify log)")
        #expect(lines[21].hasPrefix("3 more came due over a day ago"))
        #expect(many.json["reminders"]?.arrayValue?.count == 30)
    }

    @Test(
        "A name can begin no header, and the subject can be read again",
        arguments: [
            "train", "a\r\nBcc: x@y.z", "=?utf-8?B?eA==?=", "Übung 日本語 🧪", String(repeating: "é", count: 80),
            "\u{202E}gnirts", "a\nb",
        ])
    func subject(name: String) {
        let mail = MailText(
            message: message([name]), to: ["a@b.c", "Ada <d@e.f>"], from: "me@b.c", host: "h", now: Self.now)
        let text = String(decoding: mail.bytes, as: UTF8.self)
        #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) })
        let head = text.components(separatedBy: "\n\n")[0]
        let lines = head.components(separatedBy: "\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        let names = lines.filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding",
            ])
        #expect(head.contains("Message-ID: <id1@h>"))
    }

    @Test(arguments: [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (1_800_000_000, "Fri, 15 Jan 2027 08:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
    ])
    func mailDates(seconds: Int64, text: String) {
        #expect(MailText.date(Timestamp(secondsSince1970: seconds)) == text)
    }

    @Test func base64EqualsFoundations() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(MailText.base64(bytes) == Data(bytes).base64EncodedString())
        }
    }

    @Test func webServicesGetTheirShapes() {
        let message = message(["<!channel> & co"])
        func body(_ shape: WebhookShape, _ url: String = "https://h/x/topic?a=1") -> (url: String, body: JSONObject) {
            WebhookBody.request(message, shape, to: url)
        }
        #expect(body(.plain).body["id"] == "id1")
        #expect(body(.slack).body["text"]?.stringValue?.hasPrefix("&lt;!channel&gt; &amp; co (uc) ends") == true)
        #expect(body(.discord).body["allowed_mentions"] == ["parse": []])
        #expect(body(.ntfy).url == "https://h/x/")
        #expect(body(.ntfy).body["topic"] == "topic")
        #expect(body(.ntfy, "https://ntfy.sh/mine/").body["topic"] == "mine")
    }

    // MARK: - Programs

    @Test func aCommandReadsTheMessageOnStandardInput() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(await send(.command(["/bin/sh", "-c", "cat > '\(file.path)'"])) == nil)
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(try JSONValue(parsing: text)["id"] == "id1")
    }

    @Test(
        "A command that fails says why, in its first line",
        arguments: [
            ("echo first >&2; echo second >&2; exit 3", "the command ended with status 3: first"),
            ("exit 1", "the command ended with status 1"),
            ("kill -9 $$", "the command was ended by signal 9"),
            ("exec /nowhere/nothing 2>/dev/null", "the command ended with status 127"),
        ])
    func failing(script: String, problem: String) async {
        #expect(await send(.command(["/bin/sh", "-c", script])) == problem)
    }

    @Test func whatDoesNotExistCannotBeStarted() async {
        #expect(await send(.command(["/nowhere/nothing"]))?.contains("cannot be started") == true)
    }

    @Test("A command that hangs is stopped with its children, whatever it holds open")
    func hanging() async {
        #expect(
            await send(.command(["/bin/sh", "-c", "sleep 60 & sleep 60"]), seconds: 1)?.contains("stopped") == true)
        #expect(await send(.command(["/bin/sh", "-c", "trap '' TERM; while :; do :; done"]), seconds: 1) != nil)
        // Its parent ends at once, and it keeps the pipes.
        #expect(await send(.command(["/bin/sh", "-c", "sleep 60 &"])) == nil)
    }

    @Test("A command that reads nothing, or writes much, is no problem")
    func noise() async {
        let input = [UInt8](repeating: 0x41, count: 1 << 20)
        let environment = ["PATH": "/usr/bin:/bin"]
        let deaf = await ChildProcess(arguments: ["true"], environment: environment).run(input: input, seconds: 10)
        #expect(deaf.end == .exited(0))
        let loud = await ChildProcess(
            arguments: ["/bin/sh", "-c", "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; cat >/dev/null"],
            environment: environment
        ).run(input: input, seconds: 10)
        #expect(loud.end == .exited(0))
        #expect(loud.output.count == 64 << 10)
    }

    // MARK: - Secrets

    @Test("A secret that cannot be fetched is an error that does not show it")
    func secrets() async {
        let noFile = await send(.webhook(url: .file("/nowhere/url"), shape: .plain, token: nil))
        #expect(noFile?.contains("url_file cannot be read") == true)
        let failing = SecretSource.command(["/bin/sh", "-c", "echo https://hook/SECRET >&2; exit 4"])
        #expect(
            await send(.webhook(url: failing, shape: .plain, token: nil)) == "url_command ended with status 4")
        let odd = SecretSource.command(["/bin/sh", "-c", "echo ftp://SECRET"])
        #expect(
            await send(.webhook(url: odd, shape: .plain, token: nil))
                == "the url does not begin with https:// or http://")
        let closed = SecretSource.text(Secret("http://127.0.0.1:1/SECRET"))
        let problem = await send(.webhook(url: closed, shape: .plain, token: nil)) ?? ""
        #expect(problem == "no connection")
        #expect(!"\(closed)".contains("SECRET"))
    }
}
