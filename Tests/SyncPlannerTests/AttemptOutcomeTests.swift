import CaptureFixtures
import LeaseModel
import SyncPlanner
import Testing

@Suite("The classifier of refusals")
struct AttemptOutcomeTests {
    private static let verbs: [String: Mutation.Verb] = ["POST": .create, "PUT": .update, "DELETE": .delete]

    private func verdict(_ outcome: AttemptOutcome) -> AttemptVerdict? {
        switch outcome {
        case .rejected(let reason, _, _): .rejected(reason)
        case .notDone: .notDone
        case .failed: .failed
        case .tooEarly: .tooEarly
        case .outcomeUnknown: .unknown
        case .unauthenticated: .unauthenticated
        case .accepted, .alreadySo, .conflict: nil
        }
    }

    @Test("Every captured refusal of a write has a verdict, for both clouds")
    func captures() {
        var seen: Set<String> = []
        for capture in Capture.all where capture.status >= 300 && !capture.path.hasSuffix("/auth/tokens") {
            guard let verb = Self.verbs[capture.method] else { continue }
            seen.insert(capture.name)
            let failure = ServerFailure(
                method: capture.method, status: capture.status, contentType: capture.header("content-type"),
                body: capture.body, requestLine: "\(capture.method) \(capture.path)",
                requestID: capture.header("x-openstack-request-id"))
            let outcome = AttemptOutcome(failure, verb: verb, message: "m")
            #expect(verdict(outcome) == attemptVerdicts[capture.name], "\(capture.name)")
        }
        #expect(seen == Set(attemptVerdicts.keys))
        #expect(seen.count > 120)
    }

    private func failure(_ category: ServerFailure.Category) -> ServerFailure {
        ServerFailure(
            status: 500, category: category, message: "", requestID: "r", requestLine: "POST /", retryAfter: 9)
    }

    static let categoryCases: [(ServerFailure.Category, AttemptVerdict, AttemptVerdict)] = [
        (.capacity, .rejected("capacity"), .rejected("capacity")), (.policy, .rejected("policy"), .rejected("policy")),
        (.budget, .rejected("budget"), .rejected("budget")), (.invalid, .rejected("invalid"), .rejected("invalid")),
        (.conflict, .rejected("conflict"), .failed), (.notFound, .rejected("invalid"), .rejected("invalid")),
        (.notOffered, .rejected("invalid"), .rejected("invalid")), (.forbidden, .rejected("auth"), .rejected("auth")),
        (.unauthenticated, .unauthenticated, .unauthenticated), (.rateLimited, .notDone, .notDone),
        (.unavailable, .unknown, .failed), (.serverError, .unknown, .failed), (.notBlazar, .unknown, .failed),
    ]

    @Test("Every category has an outcome for creations and for repeatable writes")
    func categories() {
        #expect(Set(Self.categoryCases.map(\.0)) == Set(ServerFailure.Category.allCases))
        for (category, creation, change) in Self.categoryCases {
            for verb in Mutation.Verb.allCases {
                let outcome = AttemptOutcome(failure(category), verb: verb, message: "m")
                #expect(verdict(outcome) == (verb == .create ? creation : change), "\(category) \(verb)")
            }
        }
    }

    @Test("A refusal that begins with 'invalid lease status' is too early; one that only quotes it is not")
    func betweenStates() {
        for (words, wanted) in [
            ("Invalid lease status.", .tooEarly), ("invalid lease status", .tooEarly),
            ("Lease \"Invalid lease status\" has changed.", .failed),
        ] as [(String, AttemptVerdict)] {
            var refusal = failure(.conflict)
            refusal.message = words
            #expect(verdict(AttemptOutcome(refusal, verb: .update, message: "m")) == wanted, "\(words)")
        }
    }

    @Test("The server's Retry-After is kept")
    func retryAfter() {
        for (category, verb) in [(.rateLimited, .create), (.unavailable, .update)]
            as [(ServerFailure.Category, Mutation.Verb)]
        {
            switch AttemptOutcome(failure(category), verb: verb, message: "m") {
            case .notDone(_, "r", 9), .failed(_, "r", 9): break
            case let other: Issue.record("\(other)")
            }
        }
    }
}
