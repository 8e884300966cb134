import LeaseModel
import Leasehold
import Reminders

extension LeaseManager {
    /// How reminders stand, in sentences that are worth a line: channels that fail, and what was told last. Empty if
    /// there is no notify.yaml and nothing was told.
    ///
    /// - Parameters:
    ///   - now: the current time.
    ///   - time: writes a time.
    /// - Returns: the sentences.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    func reminderRemarks(now: Timestamp, time: (Timestamp) -> String) throws(LeaseholdError) -> [String] {
        let log = try reminderLog()
        var remarks = failingChannels(log, now: now).map { "Reminders through \($0.channel): \($0.sentence)." }
        if let last = log.last(where: { $0.state == .sent }), let triedAt = last.triedAt {
            remarks.append("Last reminder, \(time(triedAt)): \(last.reminder.sentence(now: triedAt, time: time)).")
        }
        return remarks
    }

    /// The channels whose last attempt failed, and how many reminders each could not send in the last week.
    func failingChannels(_ log: [RecordedReminder], now: Timestamp) -> [(channel: String, sentence: String)] {
        let recent = log.filter { now.seconds(since: $0.triedAt ?? $0.recordedAt) < 7 * 86_400 }
        return Dictionary(grouping: recent, by: \.channel).sorted { $0.key < $1.key }.compactMap { channel, records in
            let failing = records.filter { $0.problem != nil && [.pending, .failed].contains($0.state) }
            guard let last = failing.last else { return nil }
            let waiting = failing.count { $0.state == .pending }
            let lost = failing.count - waiting
            let counts = [(waiting, "waiting"), (lost, "given up")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            return (channel, "\(counts.joined(separator: ", ")); \(last.problem ?? "") (leasehold notify log)")
        }
    }
}
