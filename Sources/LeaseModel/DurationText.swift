/// Reads a length of time as people write it: `90m`, `0.5h`, `1d12h`, `P1DT12H`, or `36:00`, as batch systems do.
///
/// A day is 24 hours, as everywhere in Blazar's own arithmetic; months and years have no fixed length and are refused.
package enum DurationText {
    /// The seconds that the text names, or `nil` if it is not a length of time or too long to count.
    package static func seconds(in text: String) -> Int64? {
        let typed = text.lowercased().filter { $0 != " " }
        return typed.hasPrefix("p") ? iso8601Seconds(typed.dropFirst()) : clockSeconds(typed) ?? unitSeconds(typed)
    }

    /// A length of time as ``seconds(in:)`` reads it, in whole units: `7d`, `1d12h`, `90s`.
    package static func text(seconds: Int64) -> String {
        var rest = seconds.magnitude
        var text = ""
        for (name, size) in [("d", UInt64(86_400)), ("h", 3_600), ("m", 60), ("s", 1)] where rest >= size {
            text += "\(rest / size)\(name)"
            rest %= size
        }
        return (seconds < 0 ? "-" : "") + (text.isEmpty ? "0s" : text)
    }

    private static let units: [String: Int64] = [
        "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
        "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
        "h": 3_600, "hr": 3_600, "hrs": 3_600, "hour": 3_600, "hours": 3_600,
        "d": 86_400, "day": 86_400, "days": 86_400,
        "w": 604_800, "week": 604_800, "weeks": 604_800,
    ]

    /// `36:00` and `36:00:00`: hours, minutes and seconds.
    private static func clockSeconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.dropFirst().allSatisfy({ $0.utf8.count == 2 }) else { return nil }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(part) : nil
        }
        guard numbers.count == parts.count, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
        let rest = numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
        return adding(numbers[0], of: 3_600, to: rest)
    }

    private static func unitSeconds(_ text: String) -> Int64? {
        var parts = AmountReader(text: text[...])
        var total: Int64 = 0
        var smallest = Int64.max
        repeat {
            // Units go from large to small, each once, so that `1h1d` is seen as the mistake it is.
            guard let (amount, name) = parts.next(allowsFraction: true), let unit = units[String(name)],
                unit < smallest,
                let whole = adding(amount.whole, of: unit, to: total),
                let sum = adding(amount.thousandths * unit / 1_000, of: 1, to: whole)
            else { return nil }
            total = sum
            smallest = unit
        } while !parts.isAtEnd
        return total
    }

    private static func iso8601Seconds(_ text: Substring) -> Int64? {
        let halves = text.split(separator: "t", maxSplits: 1, omittingEmptySubsequences: false)
        let scales: [[Substring: Int64]] = [["w": 604_800, "d": 86_400], ["h": 3_600, "m": 60, "s": 1]]
        var total: Int64 = 0
        guard !text.isEmpty, halves.count == 1 || halves.last?.isEmpty == false else { return nil }
        for (half, scale) in zip(halves, scales) {
            var parts = AmountReader(text: half)
            var smallest = Int64.max
            while !parts.isAtEnd {
                guard let (amount, name) = parts.next(), let unit = scale[name], unit < smallest,
                    let sum = adding(amount.whole, of: unit, to: total)
                else { return nil }
                total = sum
                smallest = unit
            }
        }
        return total
    }

    private static func adding(_ amount: Int64, of unit: Int64, to total: Int64) -> Int64? {
        let (product, isTooLarge) = amount.multipliedReportingOverflow(by: unit)
        let (sum, overflows) = total.addingReportingOverflow(product)
        // A thousand years are more than any lease has, and leave room for every calculation with dates.
        return isTooLarge || overflows || sum > 31_556_952_000 ? nil : sum
    }

    /// Takes `12h` after `12h` off a text.
    private struct AmountReader {
        var text: Substring
        var isAtEnd: Bool { text.isEmpty }

        /// A number, with up to three digits behind its point.
        typealias Amount = (whole: Int64, thousandths: Int64)

        mutating func next(allowsFraction: Bool = false) -> (amount: Amount, unit: Substring)? {
            let digits = text.prefix { ("0"..."9").contains($0) }
            text = text[digits.endIndex...]
            var thousandths: Int64 = 0
            if allowsFraction, text.first == "." {
                let fraction = text.dropFirst().prefix { ("0"..."9").contains($0) }
                guard (1...3).contains(fraction.count), let number = Int64(fraction) else { return nil }
                thousandths = number * [100, 10, 1][fraction.count - 1]
                text = text[fraction.endIndex...]
            }
            let unit = text.prefix { ("a"..."z").contains($0) }
            text = text[unit.endIndex...]
            guard let amount = Int64(digits), !unit.isEmpty else { return nil }
            return ((amount, thousandths), unit)
        }
    }
}
