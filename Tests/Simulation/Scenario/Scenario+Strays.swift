import LeaseModel

// Commands of people, writes that are given up, and numbers that no server should send.
extension Scenario {
    /// Inserts such steps between the others, which keep their random numbers.
    mutating func stray(_ chance: inout Chance) {
        guard chance.happens(40) else { return }
        for _ in 0..<chance.number(1...5) {
            let position = chance.below(steps.count + 1)
            let (client, target) = (chance.below(2), chance.below(8))
            let action: Action = chance.weighted([
                (
                    4,
                    .command(
                        client: client, chance.pick([.update, .extend, .extend, .delete]), target: target,
                        minutes: chance.number(10...300))
                ),
                (3, .decide(client: client, .giveUp, target: target)),
                (2, .sync(client: client, confirmsDeletes: false, isFresh: chance.happens(50))),
            ])
            var step = Step(
                number: 1_000 + steps.count, pauseSeconds: chance.weighted([(4, 0), (2, 40), (1, 320)]),
                action: action, faults: [:], crashAt: nil)
            switch action {
            case .command where chance.happens(40):
                step.faults[chance.number(0...3)] = Self.commandFault(&chance)
            case .sync: step.faults[chance.number(0...4)] = Self.absurdity(&chance)
            default: break
            }
            steps.insert(step, at: min(position, steps.count))
        }
    }

    /// A fault for a command, whose process does not die.
    private static func commandFault(_ chance: inout Chance) -> Fault {
        chance.weighted([
            (2, .answerLost), (1, .requestLost), (1, .noConnection), (1, .truncated),
            (1, .failure(status: 500, isCarriedOut: chance.happens(50))), (1, absurdity(&chance)),
        ])
    }

    /// A number or date that no server should send, in one of the places that have one.
    static func absurdity(_ chance: inout Chance) -> Fault {
        var places = AbsurdPlace.allCases
        // If events are dropped, a lease is recognized by its creation date.
        places.removeAll { $0 == .createdAt }
        return .absurd(chance.pick(places), chance.pick(AbsurdPlace.texts))
    }
}

/// Where a server may return an absurd number or date.
package enum AbsurdPlace: String, Sendable, Hashable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case expiresAt = "expires_at"
    case issuedAt = "issued_at"
    /// The time of an event.
    case time
    case errorCode = "error_code"
    case date = "Date"
    case retryAfter = "Retry-After"
    case age = "Age"

    /// Whether it is a header field.
    var isHeader: Bool { [.date, .retryAfter, .age].contains(self) }

    static let texts = [
        "9223372036854775807", "-9223372036854775808", "99999999999999999999999999", "1e400", "-0", "NaN", "",
        "9999-12-31T23:59:59.000000", "0001-01-01 00:00:00", "292277026596-12-04T15:30:07.000000",
        "2026-02-30T25:61:61.000000", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
    ]
}
