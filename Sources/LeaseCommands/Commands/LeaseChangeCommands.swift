package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold extend`
package struct LeaseExtend: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Move the end of a lease; offline it is queued.",
        discussion: """
            --by is counted from the end that is known here, and kept as the new end, so that it is never added twice. If
            somebody else has moved the end meanwhile, nothing is sent until you decide (leasehold queue resolve).

            EXAMPLES
              leasehold extend mylease --by 2d
              leasehold extend mylease --to '2026-12-24 18:00'
              leasehold extend mylease --by 7d --wait --timeout 2m
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @Option(name: .customLong("by"), help: ArgumentHelp("So much later.", valueName: "duration"))
    var by: String?
    @Option(
        name: .customLong("to"), parsing: .unconditional, help: ArgumentHelp("The new end.", valueName: "time"))
    var to: String?
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let end = try writing.moment(to, console)
        let seconds = try by.map { try DurationArgument(parsing: $0).seconds }
        guard (end == nil) != (seconds == nil) else {
            throw CommandError.usage("Say until when: --by DURATION or --to TIME.")
        }
        _ = try DurationArgument(parsing: waiting.timeout)
        let terms = WriteTerms(notAfter: try writing.moment(writing.notAfter, console))
        let manager = try writing.manager(&console)
        var settled = LeaseStatus.active
        var result = try await manager.change(
            .extend, reference, clouds: writing.reading.global.names(console), terms: terms,
            isOffline: writing.isOffline
        ) { target in
            // An extension leaves the lease as it was: PENDING before its start, ACTIVE after it.
            if case .mirrored(let lease) = target, lease.lease.status == .pending { settled = .pending }
            guard let newEnd = end ?? seconds.flatMap({ target.endsAt?.adding(seconds: $0) }) else {
                throw CommandError.usage("The end of '\(reference)' is not known here: use --to.")
            }
            return ["end_date": .string(newEnd.blazarRequest)]
        }
        if waiting.waits, !writing.isOffline, result.mutation.status == .success {
            result = try await waiting.wait(
                for: result, status: settled, manager, console, isQuiet: writing.reading.output.isQuiet)
        }
        try writing.conclude(result, &console)
    }
}

/// `leasehold update`
package struct LeaseUpdate: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a lease's name, start, end or reservations; offline it is queued.",
        discussion: """
            A reservation is changed by its id, with all its fields: --reservation id=…,min=2,max=2,….

            EXAMPLES
              leasehold update mylease --rename 'my lease, really'
              leasehold update mylease --start '2026-12-01 09:00' --end '2026-12-03 09:00'
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @Option(name: .customLong("rename"), help: ArgumentHelp("The new name.", valueName: "name"))
    var newName: String?
    @Option(
        name: .customLong("start"), parsing: .unconditional, help: ArgumentHelp("The new start.", valueName: "time"))
    var start: String?
    @Option(name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("The new end.", valueName: "time"))
    var end: String?
    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp("A reservation as it is to be; repeat it for more.", valueName: "id=...,name=value,..."))
    var reservations: [String] = []
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        var fields: JSONObject = [:]
        if let newName { fields["name"] = .string(newName) }
        if let start = try writing.moment(start, console) { fields["start_date"] = .string(start.blazarRequest) }
        if let end = try writing.moment(end, console) { fields["end_date"] = .string(end.blazarRequest) }
        if !reservations.isEmpty {
            fields["reservations"] = .array(try reservations.map { .object(try ReservationArgument.fields($0)) })
        }
        guard !fields.isEmpty else {
            throw CommandError.usage("Say what to change: --rename, --start, --end or --reservation.")
        }
        guard (newName?.count ?? 0) <= LeaseDraft.longestName else {
            throw CommandError.usage("The name has more than \(LeaseDraft.longestName) characters.")
        }
        let change = fields
        let terms = WriteTerms(notAfter: try writing.moment(writing.notAfter, console))
        let result = try await writing.manager(&console).change(
            .update, reference, clouds: writing.reading.global.names(console), terms: terms,
            isOffline: writing.isOffline
        ) { _ in change }
        try writing.conclude(result, &console)
    }
}

/// `leasehold delete`
package struct LeaseDelete: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a lease; offline it is queued. A queued creation is withdrawn.",
        discussion: """
            The lease's history stays here (leasehold history).

            EXAMPLES
              leasehold delete mylease
              leasehold delete local-7f3k2mq0xa
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let terms = WriteTerms(notAfter: try writing.moment(writing.notAfter, console))
        let result = try await writing.manager(&console).change(
            .delete, reference, clouds: writing.reading.global.names(console), terms: terms,
            isOffline: writing.isOffline
        ) { _ in [:] }
        try writing.conclude(result, &console)
    }
}
