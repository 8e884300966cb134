package import LeaseModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The time zone that a person reads and writes times in.
///
/// The system's comes from `localtime_r`, which honours `TZ`: Foundation's zones would load ICU's data, which costs
/// more at start than the whole lookup of a lease.
package struct DisplayZone: Sendable {
    /// What it is called: `UTC`, `Europe/Berlin`, `CET`.
    package let name: String
    /// The seconds by which its clocks are ahead of UTC at a moment.
    package let offsetSeconds: @Sendable (Timestamp) -> Int

    /// Makes a zone from its rule.
    package init(name: String, offsetSeconds: @escaping @Sendable (Timestamp) -> Int) {
        self.name = name
        self.offsetSeconds = offsetSeconds
    }

    package static let utc = DisplayZone(name: "UTC") { _ in 0 }

    /// The zone of this process: `TZ`, or else what `/etc/localtime` says.
    package static func system(environment: [String: String]) -> DisplayZone {
        tzset()
        let moment = Timestamp(secondsSince1970: Int64(time(nil)))
        return DisplayZone(name: systemName(environment: environment, at: moment)) { local($0).offset }
    }

    private static func systemName(environment: [String: String], at moment: Timestamp) -> String {
        let given = environment["TZ"].map { $0.hasPrefix(":") ? String($0.dropFirst()) : $0 }
        if let given, !given.isEmpty {
            if access("/usr/share/zoneinfo/" + given, R_OK) == 0 { return given }
            // The C library takes a zone that it does not know for UTC and keeps the name: do not repeat the lie.
            return given.contains("/") ? "UTC" : local(moment).abbreviation
        }
        if given == nil, let target = linkTarget("/etc/localtime"), let range = target.firstRange(of: "zoneinfo/") {
            return String(target[range.upperBound...])
        }
        return local(moment).abbreviation
    }

    private static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4_096) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let length = readlink(path, start, buffer.count)
            guard length > 0 else { return nil }
            return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func local(_ moment: Timestamp) -> (offset: Int, abbreviation: String) {
        var seconds = time_t(moment.secondsSince1970)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return (0, "UTC") }
        return (parts.tm_gmtoff, parts.tm_zone.map { String(cString: $0) } ?? "UTC")
    }
}

extension DisplayZone {
    /// The moment at which this zone's clocks show what `clock` shows in UTC, or `nil` if they skip it.
    ///
    /// Where they show it twice, in autumn, the first time counts.
    package func moment(showing clock: Timestamp) -> Timestamp? {
        // Offsets are under a day, so those in force a day before and after are all that can apply.
        let offsets = Set([-86_400, 0, 86_400].map { offsetSeconds(clock.adding(seconds: $0)) })
        let moments = offsets.map { ($0, clock.adding(seconds: -Int64($0))) }
        return moments.filter { offsetSeconds($0.1) == $0.0 }.map(\.1).min()
    }

    /// What this zone's clocks show at a moment, as if that were UTC.
    func clock(at moment: Timestamp) -> Timestamp { moment.adding(seconds: Int64(offsetSeconds(moment))) }

    /// The offset from UTC at a moment: `+01:00`.
    func offsetText(at moment: Timestamp) -> String {
        let minutes = offsetSeconds(moment) / 60
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        return "\(minutes < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
    }
}
