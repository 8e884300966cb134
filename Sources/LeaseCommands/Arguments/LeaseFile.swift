import LeaseModel
import Output
import YAMLReading

/// A lease in a file, to be requested again. The file has the form that `leasehold show` and `openstack reservation
/// lease show` print in JSON or YAML, or that of a POST body.
struct LeaseFile {
    let name: String?
    /// How long it lasts, in seconds; `nil` if the file does not say when it starts and ends.
    let durationSeconds: Int64?
    /// Its reservations, as the file lists them.
    let reservations: [JSONObject]

    /// Parses a file. It may contain several leases, because `list` prints a list.
    ///
    /// - Parameters:
    ///   - text: the contents of the file.
    ///   - path: the file's name in messages.
    /// - Returns: the leases, at least one.
    /// - Throws: ``CommandError`` of status 65 that says what is wrong with the file.
    static func all(_ text: String, path: String) throws(CommandError) -> [LeaseFile] {
        let value: JSONValue
        do throws(FileError) {
            value = try Self.value(text)
        } catch {
            throw CommandError(code: "invalid", message: "\(path): \(error.problem).", status: .data)
        }
        guard let elements = value.arrayValue else { return [try LeaseFile(value, place: path)] }
        guard !elements.isEmpty else {
            throw CommandError(code: "invalid", message: "\(path): holds no lease.", status: .data)
        }
        var leases: [LeaseFile] = []
        for (index, element) in elements.enumerated() {
            let place = elements.count == 1 ? path : "\(path), lease \(index + 1)"
            leases.append(try LeaseFile(element, place: place))
        }
        return leases
    }

    private init(_ value: JSONValue, place path: String) throws(CommandError) {
        func wrong(_ problem: String) -> CommandError {
            CommandError(code: "invalid", message: "\(path): \(problem).", status: .data)
        }
        // Some people wrap the lease in an object, as Blazar's answer does.
        guard let lease = (value["lease"] ?? value).objectValue else { throw wrong("holds no lease") }
        name = lease["name"]?.stringValue
        if let start = Self.moment(lease["start_date"]), let end = Self.moment(lease["end_date"]) {
            guard end > start else { throw wrong("its end_date is not after its start_date") }
            durationSeconds = end.seconds(since: start)
        } else {
            durationSeconds = nil
        }
        guard let listed = lease["reservations"], let parts = Self.reservations(listed) else {
            throw wrong("has no list of reservations; print the lease with -f json or -f yaml, and with all columns")
        }
        reservations = parts
    }

    /// Requests for the file's reservations, except for types that the command line requests itself.
    ///
    /// - Throws: ``CommandError`` for a reservation that does not say what it reserved.
    func requests(besides types: Set<ResourceType>) throws(CommandError) -> [ReservationRequest] {
        var requests: [ReservationRequest] = []
        for fields in reservations {
            let type = ResourceType(rawValue: fields["resource_type"]?.stringValue ?? "")
            guard !types.contains(type) else { continue }
            do {
                requests.append(try ReservationRequest(repeating: fields))
            } catch {
                throw CommandError(code: "invalid", message: "--from: \(error).", status: .data)
            }
        }
        return requests
    }

    // MARK: - Reading

    private struct FileError: Error { let problem: String }

    private static func value(_ text: String) throws(FileError) -> JSONValue {
        guard let first = text.first(where: { !$0.isWhitespace }) else { throw FileError(problem: "is empty") }
        if first == "{" || first == "[" {
            do {
                return try JSONValue(parsing: text)
            } catch {
                throw FileError(problem: "is not JSON: \(error)")
            }
        }
        do {
            guard let node = try YAMLDocument.compose(text) else { throw FileError(problem: "is empty") }
            return YAMLText.value(node)
        } catch let error as YAMLDocument.TooLarge {
            throw FileError(problem: "is no lease: \(error)")
        } catch {
            throw FileError(problem: "is neither JSON nor YAML")
        }
    }

    private static func moment(_ value: JSONValue?) -> Timestamp? {
        value?.stringValue.flatMap(Timestamp.init(parsing:))
    }

    /// The list itself, or the list in the text that OpenStack's client prints: an object per line, or on several
    /// lines.
    private static func reservations(_ value: JSONValue) -> [JSONObject]? {
        var elements = value.arrayValue
        if let text = value.stringValue {
            elements = (try? JSONValue(parsing: "[" + text.replacing("}\n{", with: "},\n{") + "]"))?.arrayValue
        }
        guard let elements else { return nil }
        let objects = elements.compactMap(\.objectValue)
        return objects.count == elements.count ? objects : nil
    }
}

/// A table of leases to create, in CSV. Its columns are called as the options of `create`.
struct LeaseTable {
    /// A lease: the values of its columns that are not empty.
    struct Line {
        /// The file and the line, for messages.
        let place: String
        fileprivate let values: [(column: String, value: String)]

        /// The values of a column, which may be there several times.
        func all(_ column: String) -> [String] { values.filter { $0.column == column }.map(\.value) }

        subscript(column: String) -> String? { all(column).first }
    }

    static let columns = [
        "name", "start", "end", "duration", "node", "device", "fip", "network", "flavor", "reservation",
    ]

    let lines: [Line]

    /// Reads a table; `nil` if it is none.
    ///
    /// - Parameters:
    ///   - text: what the file holds.
    ///   - path: what it is called: a table if it ends with `.csv`, or if its first line names columns.
    /// - Throws: ``CommandError`` of status 65 that names the line at fault.
    init?(_ text: String, path: String) throws(CommandError) {
        var rows = CSVText.rows(text)
        let head = rows.first?.fields.map { $0.lowercased() } ?? []
        let isNamed = path.lowercased().hasSuffix(".csv")
        guard isNamed || (!head.isEmpty && head.allSatisfy(Self.columns.contains)) else { return nil }
        func wrong(_ problem: String) -> CommandError {
            CommandError(code: "invalid", message: "\(path): \(problem)", status: .data)
        }
        if let stranger = head.first(where: { !Self.columns.contains($0) }) {
            let suggestion = Suggestion.nearest(to: stranger, in: Self.columns).map { " Did you mean '\($0)'?" } ?? ""
            throw wrong(
                "There is no column '\(stranger)'.\(suggestion) Columns: \(Self.columns.joined(separator: ", ")).")
        }
        rows = Array(rows.dropFirst())
        guard !rows.isEmpty else { throw wrong("holds no lease below the names of its columns.") }
        var lines: [Line] = []
        for row in rows {
            guard row.fields.count <= head.count else {
                throw wrong(
                    "line \(row.line) has \(row.fields.count) fields, more than there are columns (\(head.count)). "
                        + "A value with commas is put in quotes.")
            }
            let values = zip(head, row.fields).filter { !$0.1.isEmpty }.map { (column: $0.0, value: $0.1) }
            lines.append(Line(place: "\(path), line \(row.line)", values: values))
        }
        self.lines = lines
    }
}

extension LeaseCreate {
    /// This command for a line of a table: what the line says goes before what the options say.
    func applying(_ line: LeaseTable.Line) -> LeaseCreate {
        var command = self
        command.file = nil
        if let name = line["name"] { (command.positionalName, command.optionName) = (name, nil) }
        if let start = line["start"] { (command.start, command.dates.startDate) = (start, nil) }
        if let end = line["end"] {
            (command.end, command.dates.endDate, command.duration) = (end, nil, line["duration"])
        }
        if let duration = line["duration"] {
            (command.duration, command.dates.endDate, command.end) = (duration, nil, line["end"])
        }
        func replace(_ options: WritableKeyPath<RequestOptions, [String]>, _ column: String) {
            let values = line.all(column)
            if !values.isEmpty { command.wanted[keyPath: options] = values }
        }
        replace(\.nodes, "node")
        replace(\.devices, "device")
        replace(\.floatingIPs, "fip")
        replace(\.networks, "network")
        replace(\.flavors, "flavor")
        replace(\.reservations, "reservation")
        return command
    }
}
