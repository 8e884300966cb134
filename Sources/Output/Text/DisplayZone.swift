package import LeaseModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The time zone in which a person reads and writes times.
///
/// The system's zone comes from `localtime_r`, which respects `TZ`. Foundation's zones would load ICU's data, which
/// takes more time at the start than a whole lookup of a lease.
package struct DisplayZone: Sendable {
    /// The name of the zone: `UTC`, `Europe/Berlin`, `CET`.
    package let name: String
    /// How many seconds its clocks are ahead of UTC at a given time.
    package let offsetSeconds: @Sendable (Timestamp) -> Int
    /// The abbreviation at a given time, such as `CST`, if it is known.
    private let shortName: @Sendable (Timestamp) -> String?

    /// Makes a zone from its rule.
    package init(
        name: String, shortName: @escaping @Sendable (Timestamp) -> String? = { _ in nil },
        offsetSeconds: @escaping @Sendable (Timestamp) -> Int
    ) {
        self.name = name
        self.shortName = shortName
        self.offsetSeconds = offsetSeconds
    }

    package static let utc = DisplayZone(name: "UTC") { _ in 0 }

    /// The zone of this process: `TZ`, otherwise the one in `/etc/localtime`.
    package static func system(environment: [String: String]) -> DisplayZone {
        tzset()
        let moment = Timestamp(secondsSince1970: Int64(time(nil)))
        return DisplayZone(
            name: systemName(environment: environment, at: moment), shortName: { local($0).abbreviation },
            offsetSeconds: { local($0).offset })
    }

    /// The name of the system's zone. It must belong to the zone whose times are shown.
    private static func systemName(environment: [String: String], at moment: Timestamp) -> String {
        let given = environment["TZ"].map { $0.hasPrefix(":") ? String($0.dropFirst()) : $0 }
        if let given, !given.isEmpty {
            if given.hasPrefix("/") {
                if access(given, R_OK) == 0, let name = zoneName(ofFile: given) ?? realPath(given).flatMap(zoneName) {
                    return name
                }
            } else if access("/usr/share/zoneinfo/" + given, R_OK) == 0 {
                return given
            }
            // The C library treats an unknown zone as UTC, but keeps its name. That name must not be shown.
            return offsetName(local(moment).offset)
        }
        if given == nil, let name = realPath("/etc/localtime").flatMap(zoneName) { return name }
        return offsetName(local(moment).offset)
    }

    /// The name of a zone's file: its path below the database's folder.
    private static func zoneName(ofFile path: String) -> String? {
        path.firstRange(of: "/zoneinfo/").map { String(path[$0.upperBound...]) }
    }

    /// The name of a zone without one: `UTC-6`, `UTC+5:30`.
    static func offsetName(_ seconds: Int) -> String {
        let (hours, rest) = (abs(seconds) / 60).quotientAndRemainder(dividingBy: 60)
        let minutes = rest == 0 ? "" : ":\(rest < 10 ? "0" : "")\(rest)"
        return seconds == 0 ? "UTC" : "UTC\(seconds < 0 ? "-" : "+")\(hours)\(minutes)"
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func local(_ moment: Timestamp) -> (offset: Int, abbreviation: String) {
        var seconds = time_t(moment.secondsSince1970)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return (0, "UTC") }
        return (parts.tm_gmtoff, parts.tm_zone.map { String(cString: $0) } ?? "UTC")
    }
}

extension DisplayZone {
    /// A word for the zone in a column's heading: `Chicago`, `UTC`.
    package var city: String {
        guard name.contains("/"), !name.hasPrefix("Etc/") else { return name }
        return (name.split(separator: "/").last.map(String.init) ?? name).replacing("_", with: " ")
    }

    /// The abbreviation at a given time: `CST`, or `UTC-6` if there is none.
    package func abbreviation(at moment: Timestamp) -> String {
        let offset = offsetSeconds(moment)
        // Names such as "-03" are the offset in a form that is easily misread.
        if let name = shortName(moment), name.first?.isLetter == true, name != "UTC" || offset == 0 { return name }
        return Self.offsetName(offset)
    }

    /// The zone and its offset at a given time: `America/Chicago (UTC-6)`, `UTC`.
    package func description(at moment: Timestamp) -> String {
        let offset = Self.offsetName(offsetSeconds(moment))
        return name == offset ? name : "\(name) (\(offset))"
    }

    /// The times at which this zone's clocks show what `clock` shows in UTC: none if the clocks skip it in spring, two
    /// if they repeat it in autumn.
    package func moments(showing clock: Timestamp) -> [Timestamp] {
        // Offsets are less than a day, so only those a day before and a day after can apply.
        let offsets = Set([-86_400, 0, 86_400].map { offsetSeconds(clock.adding(seconds: $0)) })
        let moments = offsets.map { ($0, clock.adding(seconds: -Int64($0))) }
        return moments.filter { offsetSeconds($0.1) == $0.0 }.map(\.1).sorted()
    }

    /// What this zone's clocks show at a given time, as if that were UTC.
    package func clock(at moment: Timestamp) -> Timestamp { moment.adding(seconds: Int64(offsetSeconds(moment))) }

    /// The offset from UTC at a given time: `+01:00`.
    package func offsetText(at moment: Timestamp) -> String {
        let minutes = offsetSeconds(moment) / 60
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        return "\(minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
    }
}
