import LeaseModel
import LeaseText
import Leasehold
import Output

/// A lease to be created, in the terms of `leasehold create`: what a person typed into the form.
struct DraftForm: Sendable {
    let fields: WebFields

    /// The fields of a reservation, with the option of `create` that they make up.
    private struct Part: Sendable {
        let option: String
        /// The names of the option's values, and the fields that they come from.
        let names: [(name: String, field: String)]
        let read: @Sendable (String, NameResolver) throws -> RequestArgument.Reading
    }

    private static let parts = [
        Part(
            option: "--node",
            names: [
                ("amount", "node_amount"), ("node_type", "node_type"), ("node_name", "node_name"),
                ("architecture", "architecture"), ("resource_properties", "resource_properties"),
            ]
        ) { text, _ in try RequestArgument.node(text) },
        Part(
            option: "--device",
            names: [
                ("amount", "device_amount"), ("machine_type", "machine_type"), ("device_model", "device_model"),
                ("device_name", "device_name"),
            ]
        ) { text, _ in try RequestArgument.device(text) },
        Part(option: "--fip", names: [("amount", "fip_amount"), ("network", "fip_network")]) {
            try RequestArgument.floatingIP($0, $1)
        },
        Part(option: "--flavor", names: [("name", "flavor"), ("amount", "flavor_amount")]) {
            try RequestArgument.flavor($0, $1)
        },
        Part(
            option: "--network",
            names: [
                ("network_name", "network_name"), ("usage_type", "usage_type"), ("stitch_provider", "stitch_provider"),
                ("physical_network", "physical_network"),
            ]
        ) { text, _ in try RequestArgument.network(text) },
        Part(option: "--reservation", names: []) { text, _ in (.other(try ReservationArgument.parse(text)), []) },
    ]

    /// The fields for a single line of text.
    static let textFields =
        ["name", "start", "end", "duration"] + parts.flatMap { $0.names.map(\.field) }

    /// Whether the form says anything yet.
    var isEmpty: Bool { (Self.textFields + ["more"]).allSatisfy { fields[$0] == nil } }

    /// The cloud for which the lease is: the one that the form names, or the first that may be meant; `nil` for the
    /// environment's.
    func cloud(_ request: WebRequest) -> String? {
        if let given = fields["cloud"] ?? request.clouds.first(where: { $0 != "all" }) { return given }
        // The page is for all clouds, or for the environment's, which may be several.
        guard request.clouds.isEmpty else { return Self.clouds(request).first }
        do {
            _ = try request.manager.scope()
            return nil
        } catch {
            return Self.clouds(request).first
        }
    }

    /// The names of the configured clouds.
    static func clouds(_ request: WebRequest) -> [String] {
        (try? LeaseManager.configuredClouds(request.manager.configuration)) ?? []
    }

    /// The options for what is reserved, with their values.
    private func options() throws -> [(part: Part, text: String)] {
        var options: [(part: Part, text: String)] = []
        for part in Self.parts {
            let given = part.names.compactMap { name, field in fields[field].map { "\(name)=\($0)" } }
            if !given.isEmpty { options.append((part, given.joined(separator: ","))) }
        }
        for line in (fields["more"] ?? "").split(whereSeparator: \.isNewline).map({ String($0).trimmed })
        where !line.isEmpty {
            // A line without an option is one of the openstack command's reservations.
            let words =
                line.hasPrefix("--")
                ? line.split(maxSplits: 1) { $0 == " " || $0 == "=" } : ["--reservation", line[...]]
            guard words.count == 2, let part = Self.parts.first(where: { $0.option == words[0] }) else {
                let known = Self.parts.map(\.option).joined(separator: ", ")
                throw ArgumentProblem.usage("'\(line)' is not an option and its value. The options are \(known).")
            }
            options.append((part, String(words[1]).trimmed))
        }
        return options
    }

    /// The lease, and remarks about how the form was understood.
    ///
    /// - Throws: an error that says which text cannot be used.
    func draft(_ request: WebRequest) throws -> (draft: LeaseDraft, remarks: [String]) {
        guard let name = fields["name"] else { throw ArgumentProblem.usage("A lease needs a name.") }
        let period = try PeriodArgument(
            start: fields["start"], end: fields["end"], duration: fields["duration"], now: request.now,
            zone: request.zone)
        let (manager, cloud) = (request.manager, cloud(request))
        let names = NameResolver(
            networks: { try manager.catalog(.network, cloud: cloud) },
            flavors: { try manager.catalog(.flavor, cloud: cloud) })
        let read = try options().map { try $0.part.read($0.text, names) }
        guard !read.isEmpty else {
            throw ArgumentProblem.usage("Nothing is reserved: give for example a number of hosts.")
        }
        let draft = LeaseDraft(
            name: name, start: period.start, endsAt: period.endsAt, reservations: read.map(\.request.json))
        return (draft, read.flatMap(\.warnings))
    }

    /// The command that does the same.
    func commandLine(_ request: WebRequest) throws -> String {
        var words = ["leasehold", "create", fields["name"] ?? "NAME"]
        if let cloud = cloud(request) { words += ["--os-cloud", cloud] }
        if let start = fields["start"] { words += ["--start", start] }
        if let end = fields["end"] {
            words += ["--end", end]
        } else if let duration = fields["duration"] {
            words += ["--duration", duration]
        }
        for option in try options() { words += [option.part.option, option.text] }
        words += request.site.settings.commandOptions
        return words.map(ShellWord.quoted).joined(separator: " ")
    }

    /// The form that asks for the same as a lease, from now on.
    static func repeating(_ lease: MirroredLease) throws -> WebFields {
        let lines = try lease.lease.reservations.map { reservation in
            let request = try ReservationRequest(repeating: reservation.json())
            return request.json.members.map { "\($0.key)=\($0.value.plain)" }.joined(separator: ",")
        }
        let seconds = lease.lease.endsAt.seconds(since: lease.lease.startsAt)
        return WebFields([
            ("name", lease.lease.name), ("duration", "\(seconds / 60)m"),
            ("more", lines.map { "--reservation \($0)" }.joined(separator: "\n")),
        ])
    }
}
