import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// Asks what a lease is to be, step by step, and puts the answers together as a command line.
struct CreateQuestions {
    /// Shows a question and gives the line that is typed; `nil` at the end of the input.
    let prompt: (String) -> String?
    /// Shows a line.
    let tell: (String) -> Void
    /// What a cloud has of a kind, as far as is known here; of the cloud that is settled, if none is named.
    let catalog: (ResourceKind, String?) -> [CatalogResource]
    /// The clouds to choose from; none if it is settled which is meant.
    let clouds: [String]
    let time: TimeText
    let now: Timestamp

    /// The words of the command line that the answers amount to, `leasehold` included.
    ///
    /// - Throws: ``CommandError`` if the input ends.
    func words() throws(CommandError) -> [String] {
        tell("A new lease: Enter takes what is in brackets, Ctrl-D stops, and nothing is sent before you say so.")
        let name = try answer("Name") { text in
            text.isEmpty ? "A lease needs a name." : text.count > 80 ? "A name has 80 characters at most." : nil
        }
        var words = ["leasehold", "create", name]
        var cloud: String?
        if !clouds.isEmpty {
            let chosen = try choose("Cloud", clouds.map { Choice($0) })
            cloud = chosen
            words += ["--os-cloud", chosen]
        }
        words += try resources(cloud)
        words += try times()
        return words
    }

    // MARK: - What

    /// What a lease can be of.
    private enum Kind: String {
        case nodes
        case devices
        case flavor
        case addresses

        var label: String {
            switch self {
            case .nodes: rawValue
            case .devices: "edge devices"
            case .flavor: "instances of a flavor"
            case .addresses: "floating IPs only"
            }
        }
    }

    private func resources(_ cloud: String?) throws(CommandError) -> [String] {
        let hosts = types(.host, cloud)
        let devices = types(.device, cloud)
        let flavors = catalog(.flavor, cloud).compactMap(\.name).sorted()
        let hasNetworks = !catalog(.network, cloud).isEmpty
        var kinds: [Kind] = []
        // What the site is not known to have is offered only if nothing is known.
        let isUnknown = hosts.isEmpty && devices.isEmpty
        if isUnknown || !hosts.isEmpty { kinds.append(.nodes) }
        if isUnknown || !devices.isEmpty { kinds.append(.devices) }
        if !flavors.isEmpty { kinds.append(.flavor) }
        if hasNetworks { kinds.append(.addresses) }
        let kind = try choose("What", kinds.map { Choice($0.rawValue, $0.label) }, standard: 0)
        var words: [String]
        switch Kind(rawValue: kind) ?? .nodes {
        case .devices:
            let name = try choose("Which", devices + [Choice("", "any")], standard: devices.count, typed: isUnknown)
            words = ["--device", try amount() + (name.isEmpty ? "" : ",machine_name=\(name)")]
        case .flavor:
            let name = try choose("Flavor", flavors.map { Choice($0) })
            words = ["--flavor", "name=\(name),amount=\(try amount())"]
        case .addresses: return ["--fip", try amount()]
        case .nodes:
            let type = try choose("Node type", hosts + [Choice("", "any")], standard: hosts.count, typed: isUnknown)
            words = ["--node", try amount() + (type.isEmpty ? "" : ",node_type=\(type)")]
        }
        guard hasNetworks else { return words }
        let addresses = try number("Floating IPs", least: 0)
        if addresses != "0" { words += ["--fip", addresses] }
        return words
    }

    /// The types of a kind of resource, with how many resources have each.
    private func types(_ kind: ResourceKind, _ cloud: String?) -> [Choice] {
        let values = catalog(kind, cloud).compactMap { resource in
            kind.typeKeys.lazy.compactMap { resource.fields[$0]?.plain }.first
        }
        let counts = Dictionary(grouping: values) { $0 }.mapValues(\.count)
        return counts.sorted { $0.key < $1.key }.map { Choice($0.key, "\($0.key)  (\($0.value))") }
    }

    private func amount() throws(CommandError) -> String { try number("How many", least: 1) }

    private func number(_ question: String, least: Int) throws(CommandError) -> String {
        try answer(question, standard: "\(least)") { text in
            Int(text).map { $0 >= least } ?? false ? nil : "A whole number, \(least) or more."
        }
    }

    // MARK: - When

    private func times() throws(CommandError) -> [String] {
        var words: [String] = []
        var start = now
        let first = try answer("Start ('tomorrow 9am', '+2h', '2026-12-01 9:00')", standard: "now") { text in
            problem { try TimeArgument(parsing: text).moment(now: now, zone: time.zone) }
        }
        if let typed = try? TimeArgument(parsing: first), !typed.isNow,
            let moment = try? typed.moment(now: now, zone: time.zone)
        {
            start = moment
            words += ["--start", first]
        }
        let last = try answer("How long, or until when ('4h', '2d', 'friday 18:00')", standard: "1d") { text in
            problem {
                guard try end(text, from: start) > start else {
                    throw CommandError.usage("That is not after its start.")
                }
            }
        }
        words += [(try? DurationArgument(parsing: last)) == nil ? "--end" : "--duration", last]
        if let end = try? end(last, from: start) { tell(time.period(from: start, to: end)) }
        return words
    }

    private func end(_ text: String, from start: Timestamp) throws -> Timestamp {
        if let length = try? DurationArgument(parsing: text) { return start.adding(seconds: length.seconds) }
        return try TimeArgument(parsing: text).moment(now: now, zone: time.zone)
    }

    /// What is wrong, if something is.
    private func problem(_ body: () throws -> some Any) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return CommandError(error).message
        }
    }

    // MARK: - Asking

    /// Something to choose.
    struct Choice {
        let value: String
        let label: String

        init(_ value: String, _ label: String? = nil) {
            self.value = value
            self.label = label ?? value
        }
    }

    /// Asks until the answer is good.
    private func answer(
        _ question: String, standard: String? = nil, problem: (String) -> String?
    ) throws(CommandError) -> String {
        while true {
            guard let line = prompt("\(question)\(standard.map { " [\($0)]" } ?? ""): ") else {
                throw CommandError(code: "cancelled", message: "Nothing was created.", status: .failure)
            }
            let typed = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let text = typed.isEmpty ? standard ?? "" : typed
            guard let wrong = problem(text) else { return text }
            tell("  \(wrong)")
        }
    }

    /// Asks for one of several, by its number, its name, or the beginning of it.
    ///
    /// - Parameters:
    ///   - question: the question.
    ///   - choices: what to choose from; a single one is taken without asking.
    ///   - standard: which is taken if nothing is typed.
    ///   - typed: whether anything else may be typed, since not all is known here.
    /// - Returns: the value.
    /// - Throws: ``CommandError`` if the input ends.
    private func choose(
        _ question: String, _ choices: [Choice], standard: Int? = nil, typed: Bool = false
    ) throws(CommandError) -> String {
        guard choices.count > 1 || typed else { return choices.first?.value ?? "" }
        for (index, choice) in choices.enumerated() { tell("  \(index + 1)  \(choice.label)") }
        func meant(_ text: String) -> [Choice] {
            if let number = Int(text), choices.indices.contains(number - 1) { return [choices[number - 1]] }
            let exact = choices.filter { $0.value == text || $0.label == text }
            return exact.isEmpty ? choices.filter { $0.label.lowercased().hasPrefix(text.lowercased()) } : exact
        }
        let text = try answer(question, standard: standard.map { "\($0 + 1)" }) { text in
            switch meant(text).count {
            case 1: return nil
            case 0 where typed: return nil
            case _ where text.isEmpty: return "Type its number, or the beginning of its name."
            case 0:
                let near = Suggestion.nearest(to: text, in: choices.map(\.value)).map { " Did you mean '\($0)'?" } ?? ""
                return "That is none of them.\(near)"
            default: return "That may be several of them."
            }
        }
        return meant(text).first?.value ?? text
    }
}

extension LeaseCreate {
    /// Asks a person what the lease is to be, and creates it once they agree.
    ///
    /// - Throws: ``CommandError`` if there is nobody to ask, or if they do not agree.
    func askAndCreate(_ console: inout Console) async throws {
        guard let prompt = console.prompt, let ask = console.ask, asksForNothing else {
            throw CommandError.usage("Give the lease a name. See `leasehold create --help`.")
        }
        let global = writing.reading.global
        let asked = console
        let names = global.names(console)
        // Without one that is named it is the only one, or a person chooses.
        let configured = names.isEmpty ? (try? LeaseManager.configuredClouds(global.configuration(console))) ?? [] : []
        let manager = try? global.manager(console)
        let questions = CreateQuestions(
            prompt: prompt,
            tell: { line in
                var console = asked
                console.remark(line)
            },
            catalog: { kind, cloud in (try? manager?.catalog(kind, cloud: cloud ?? names.first)) ?? [] },
            clouds: configured.count > 1 ? configured : [],
            time: TimeText(zone: writing.reading.zone(console), now: console.now()), now: console.now())
        let words = try questions.words()
        console.remark("This is the command:")
        // Not wrapped, so that it can be copied.
        try console.errors.write("  " + words.map(ShellWord.quoted).joined(separator: " ").escapedForTerminal + "\n")
        guard ask("Create it?") else {
            throw CommandError(code: "cancelled", message: "Nothing was created.", status: .failure)
        }
        // What runs is what was shown, with the options that were given.
        var command = try LeaseCreate.parse(Array(words.dropFirst(2)))
        let chosen = command.global.clouds
        (command.sending, command.global, command.output, command.refresh) = (sending, global, output, refresh)
        if !chosen.isEmpty { command.global.clouds = chosen }
        try await command.execute(&console)
    }

    /// Whether nothing is said of the lease.
    private var asksForNothing: Bool {
        let values = [start, end, duration, beforeEnd, dates.startDate, dates.endDate]
        let requests = [
            wanted.nodes, wanted.devices, wanted.floatingIPs, wanted.networks, wanted.flavors,
            wanted.physicalReservations, wanted.reservations,
        ]
        return values.allSatisfy { $0 == nil } && requests.allSatisfy(\.isEmpty) && !series.isSeries
    }
}
