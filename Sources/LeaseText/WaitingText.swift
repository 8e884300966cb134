package import LeaseModel
package import Output

/// Describes a creation that waits for room.
package struct WaitingText {
    private let creation: Mutation
    private let terms: WaitingTerms
    private let time: TimeText

    package init(_ creation: Mutation, _ terms: WaitingTerms, time: TimeText) {
        self.creation = creation
        self.terms = terms
        self.time = time
    }

    /// When it starts and for how long: `2 h from Sun 29 Nov 10:00, when there is room`.
    package func period(of draft: LeaseDraft) -> String {
        let start: Timestamp = if case .at(let time) = draft.start { time } else { creation.createdAt }
        let length = TimeText.duration(seconds: max(0, draft.endsAt.seconds(since: start)))
        if let roomAt = terms.roomAt { return "\(length) from \(time.zoned(roomAt)), when there is room" }
        let limits = [
            terms.earliest.map { "not before \(time.moment($0))" },
            creation.notAfter.map { "starting by \(time.moment($0))" },
        ].compactMap { $0 }
        return ([length] + limits).joined(separator: ", ")
    }

    /// The whole in a sentence.
    package var sentence: String {
        let period = (try? LeaseDraft(body: creation.body)).map { self.period(of: $0) } ?? "as queued"
        let number = terms.choices.count > 1 ? " (\(terms.choices.count) alternatives)" : ""
        return "\(creation.leaseName) waits for room: \(period)\(number)"
    }

    /// What will do, if there is more than one choice: a line for each.
    package func alternatives(_ sites: [Int64: String]) -> [String] {
        guard terms.choices.count > 1 else { return [] }
        return terms.choices.enumerated().map { index, choice in
            let what = choice.reservations.map { ReservationText(requesting: $0).all }.joined(separator: "; ")
            let site = sites[choice.address.siteID].map { " at \($0)" } ?? ""
            let refusals = choice.refusals == 0 ? "" : "   refused \(choice.refusals) times for lack of room"
            return "\(index == terms.current ? "now" : "or ") \(what)\(site)\(refusals)"
        }
    }
}

extension WaitingTerms {
    /// The terms as JSON, for programs.
    package var summary: JSONObject {
        [
            "earliest_start": JSONValue(earliest?.iso8601), "room_at": JSONValue(roomAt?.iso8601),
            "ahead_seconds": aheadSeconds.map { JSONValue(Int($0)) } ?? .null, "choice": JSONValue(current),
            "choices": .array(
                choices.map { choice in
                    [
                        "site_id": JSONValue(Int(choice.address.siteID)),
                        "project_id": .string(choice.address.projectID),
                        "reservations": .array(choice.reservations.map(JSONValue.object)),
                        "refusals": JSONValue(choice.refusals), "retry_at": JSONValue(choice.retryAt?.iso8601),
                    ]
                }),
        ]
    }
}
