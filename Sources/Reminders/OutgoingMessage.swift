package import LeaseModel
package import LeaseStore

/// What is sent through a channel: one reminder, or several that came due together.
package struct OutgoingMessage: Sendable, Hashable {
    /// The id by which a receiver recognizes a repetition.
    package let id: String
    /// One line.
    package let title: String
    /// A line for each reminder.
    package let text: String
    /// All of it, for programs.
    package let json: JSONObject

    /// The largest number of reminders that the text lists.
    private static let listed = 20

    /// Describes reminders as they are at a moment.
    ///
    /// - Parameters:
    ///   - message: the reminders.
    ///   - now: the moment.
    ///   - time: writes a time.
    package init(_ message: ReminderMessage, now: Timestamp, time: (Timestamp) -> String) {
        let sentences = message.reminders.map { $0.reminder.sentence(now: now, time: time) }
        var lines = Array(sentences.prefix(Self.listed))
        if sentences.count > lines.count {
            lines.append("and \(sentences.count - lines.count) more (leasehold notify log)")
        }
        if message.lateCount > 0 {
            lines.append(
                "\(message.lateCount) more came due over a day ago, while nothing ran (leasehold notify log)")
        }
        let title = lines.count == 1 ? lines[0] : "\(message.reminders.count + message.lateCount) reminders"
        let items = zip(message.reminders, sentences).map { item, sentence -> JSONValue in
            let reminder = item.reminder
            return [
                "id": .string(item.token), "kind": .string(reminder.kind.rawValue), "text": .string(sentence),
                "site": .string(reminder.site), "lease_id": JSONValue(reminder.leaseID), "name": .string(reminder.name),
                "deadline": .string(reminder.deadline.iso8601), "due_at": .string(reminder.dueAt.iso8601),
                "detail": JSONValue(reminder.detail),
            ]
        }
        self.init(
            id: message.id, title: title, lines: lines, channel: message.channel,
            more: ["late": JSONValue(message.lateCount), "reminders": .array(items)])
    }

    /// A message that tells nothing, to try a channel.
    package init(sampleFor channel: String, id: String) {
        self.init(
            id: id, title: "A test of leasehold's reminders",
            lines: ["This is a test. Reminders through the channel \(channel.escapedForTerminal) arrive."],
            channel: channel, more: ["late": 0, "reminders": []])
    }

    private init(id: String, title: String, lines: [String], channel: String, more: JSONObject) {
        self.id = id
        self.title = title
        text = lines.joined(separator: "\n")
        var json: JSONObject = [
            "id": .string(id), "channel": .string(channel), "title": .string(title), "text": .string(text),
        ]
        json.merge(more)
        self.json = json
    }
}
