import LeaseModel
import Leasehold
import Output

/// Explains why a write was refused for lack of free resources. The server's own message, which contains the query that
/// found nothing, is stored with the write.
struct LackOfRoom {
    let error: CommandError

    /// `nil` for a write that was not refused for this reason.
    init?(_ result: WriteResult, _ time: TimeText) {
        let mutation = result.mutation
        guard mutation.state == .rejected, mutation.reason == "capacity", mutation.id != 0 else { return nil }
        let text = WriteText(mutation: mutation, time: time)
        let draft = mutation.verb == .create ? try? LeaseDraft(body: mutation.body) : nil
        var sentences: [String] = []
        if let draft {
            let wanted = draft.reservations.map { fields in
                let text = ReservationText(requesting: fields)
                return text.what + (text.requirement.isEmpty ? "" : " (\(text.requirement))")
            }
            sentences.append(
                "\(mutation.site) has no room for \(wanted.joined(separator: " and ")) \(text.period).")
        } else {
            sentences.append("\(mutation.site) has no room for this: \(text.clause).")
        }
        sentences += result.warnings.map(\.message)
        var error = CommandError(
            code: "capacity", message: sentences.joined(separator: " "), status: mutation.status)
        let isPossible = !result.warnings.contains { $0.field.hasSuffix("resource_properties") }
        if isPossible, let draft, let search = Self.search(draft, now: time.now) {
            error.hints.append("When free: \(search)")
        }
        error.hints.append(
            "Not \(draft == nil ? "done" : "created"); kept as write \(mutation.id) (the server's words: "
                + "leasehold queue show \(mutation.id)).")
        self.error = error
    }

    /// The command that finds out when hosts are free; `nil` unless the write asks for hosts of one kind.
    private static func search(_ draft: LeaseDraft, now: Timestamp?) -> String? {
        guard draft.reservations.count == 1, let now else { return nil }
        let wanted = ReservationText(requesting: draft.reservations[0]).reservation
        guard wanted.resourceType == .host else { return nil }
        let start = if case .at(let moment) = draft.start { moment } else { now }
        let minutes = max(1, (draft.endsAt.seconds(since: start) + 59) / 60)
        var words = "leasehold find-slot"
        if let type = wanted.requiredValue(of: "node_type") {
            words += " --node-type \(ShellWord.quoted(type))"
        } else if let properties = wanted.resourceProperties, !properties.isEmpty, properties != "[]" {
            words += " --resource-properties \(ShellWord.quoted(properties))"
        }
        let length = DurationText.text(seconds: minutes * 60)
        return "\(words) --count \(wanted.minimumCount ?? 1) --duration \(length)"
    }
}
