import LeaseModel

/// A message as RFC 5322 and MIME want it, for a program with sendmail's interface.
///
/// Names come from other people. Everything that is not printable ASCII is encoded, so nothing in a name can begin
/// another header or end the message.
struct MailText {
    let message: OutgoingMessage
    let to: [String]
    let from: String?
    /// The computer's name, for the message's id.
    let host: String
    let now: Timestamp

    var bytes: [UInt8] {
        var headers = from.map { ["From: \($0)"] } ?? []
        headers += [
            "To: \(to.joined(separator: ",\r\n "))",
            "Subject: \(Self.encodedWords("leasehold: \(message.title)", after: 9))",
            "Date: \(Self.date(now))",
            "Message-ID: <\(message.id)@\(host)>",
            // RFC 3834: nobody's absence is answered to a program.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
        ]
        let body = Self.base64(Array((message.text + "\n").replacing("\n", with: "\r\n").utf8))
        var lines = headers
        lines.append("")
        var rest = body[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(76)))
            rest = rest.dropFirst(76)
        }
        // Programs on Unix take lines that end as all text does here, and write them as the protocol wants.
        return Array((lines.joined(separator: "\n") + "\n").replacing("\r\n", with: "\n").utf8)
    }

    /// The date of RFC 5322: `Sat, 28 Nov 2026 20:15:00 +0000`.
    static func date(_ moment: Timestamp) -> String {
        let parts = moment.utc
        let days = (moment.secondsSince1970 - Timestamp.floorModuloOfDay(moment)) / 86_400
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        // 1 January 1970 was a Thursday.
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(((days % 7) + 7) % 7)]
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][parts.month - 1]
        let clock = "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
        return "\(weekday), \(parts.day) \(month) \(parts.year) \(clock) +0000"
    }

    /// A header's text, encoded as in RFC 2047 unless it is short and plain.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - column: the number of characters before it on its line.
    /// - Returns: the text, with line breaks where the header must be folded.
    static func encodedWords(_ text: String, after column: Int) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
        if isPlain, text.utf8.count + column <= 76 { return text }
        // An encoded word has 75 characters at most, and no character may be divided between two.
        var words: [String] = []
        var part: [UInt8] = []
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if part.count + bytes.count > 42 {
                words.append("=?utf-8?B?\(base64(part))?=")
                part = []
            }
            part += bytes
        }
        if !part.isEmpty { words.append("=?utf-8?B?\(base64(part))?=") }
        return words.joined(separator: "\n ")
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let number = group.reduce(0 as UInt32) { $0 << 8 | UInt32($1) } << UInt32((3 - group.count) * 8)
            for place in 0..<4 {
                let index = Int(number >> UInt32(18 - place * 6) & 0x3F)
                text.append(place <= group.count ? digits[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Timestamp {
    /// The seconds since midnight, UTC.
    fileprivate static func floorModuloOfDay(_ moment: Timestamp) -> Int64 {
        let parts = moment.utc
        return Int64(parts.hour * 3_600 + parts.minute * 60 + parts.second)
    }
}
