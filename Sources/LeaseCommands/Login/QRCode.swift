/// The QR code (ISO/IEC 18004) of a text: in bytes, with error correction level L, in versions 1 to 10. It holds up to
/// 271 bytes.
struct QRCode {
    /// The number of modules on each side.
    let size: Int
    /// The modules, row by row; `true` is dark.
    private(set) var modules: [Bool]

    /// Makes the code of a text, with the most readable mask; `nil` if the text is too long.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let version = QRVersion.smallest(for: bytes.count) else { return nil }
        size = version.number * 4 + 17
        var blank = QRCanvas(version)
        blank.drawFunctionModules()
        blank.place(version.codewords(bytes))
        let masked = (0..<8).map { mask in
            var canvas = blank
            canvas.apply(mask: mask)
            return canvas
        }
        let best = masked.min { $0.penalty < $1.penalty } ?? blank
        modules = best.dark
    }

    subscript(row: Int, column: Int) -> Bool {
        (0..<size).contains(row) && (0..<size).contains(column) && modules[row * size + column]
    }

    /// The code with its margin. Each line shows two rows of modules.
    ///
    /// - Parameter isColored: whether it may be written in black on white. Otherwise light modules are drawn, which is
    ///   right on a dark terminal.
    /// - Returns: the lines.
    func text(isColored: Bool) -> String {
        let margin = 4
        var lines: [String] = []
        for row in stride(from: -margin, to: size + margin, by: 2) {
            var line = ""
            for column in -margin..<size + margin {
                let (upper, lower) = (self[row, column], row + 1 < size + margin && self[row + 1, column])
                switch (upper, lower) {
                case (false, false): line += isColored ? " " : "█"
                case (true, false): line += isColored ? "▀" : "▄"
                case (false, true): line += isColored ? "▄" : "▀"
                case (true, true): line += isColored ? "█" : " "
                }
            }
            lines.append(isColored ? "\u{1B}[38;5;16;48;5;231m\(line)\u{1B}[0m" : line)
        }
        return lines.joined(separator: "\n")
    }
}

/// The standard's tables for a version at level L.
struct QRVersion {
    let number: Int
    let totalCodewords: Int
    let checkCodewordsPerBlock: Int
    let blocks: Int
    /// The rows and columns at which alignment patterns are centered.
    let alignment: [Int]

    private static let all = [
        QRVersion(number: 1, totalCodewords: 26, checkCodewordsPerBlock: 7, blocks: 1, alignment: []),
        QRVersion(number: 2, totalCodewords: 44, checkCodewordsPerBlock: 10, blocks: 1, alignment: [6, 18]),
        QRVersion(number: 3, totalCodewords: 70, checkCodewordsPerBlock: 15, blocks: 1, alignment: [6, 22]),
        QRVersion(number: 4, totalCodewords: 100, checkCodewordsPerBlock: 20, blocks: 1, alignment: [6, 26]),
        QRVersion(number: 5, totalCodewords: 134, checkCodewordsPerBlock: 26, blocks: 1, alignment: [6, 30]),
        QRVersion(number: 6, totalCodewords: 172, checkCodewordsPerBlock: 18, blocks: 2, alignment: [6, 34]),
        QRVersion(number: 7, totalCodewords: 196, checkCodewordsPerBlock: 20, blocks: 2, alignment: [6, 22, 38]),
        QRVersion(number: 8, totalCodewords: 242, checkCodewordsPerBlock: 24, blocks: 2, alignment: [6, 24, 42]),
        QRVersion(number: 9, totalCodewords: 292, checkCodewordsPerBlock: 30, blocks: 2, alignment: [6, 26, 46]),
        QRVersion(number: 10, totalCodewords: 346, checkCodewordsPerBlock: 18, blocks: 4, alignment: [6, 28, 50]),
    ]

    var dataCodewords: Int { totalCodewords - checkCodewordsPerBlock * blocks }
    private var countBits: Int { number < 10 ? 8 : 16 }

    static func smallest(for bytes: Int) -> QRVersion? {
        all.first { 4 + $0.countBits + bytes * 8 <= $0.dataCodewords * 8 }
    }

    /// The text with its length, padding and check codewords, in the order in which they are placed.
    func codewords(_ bytes: [UInt8]) -> [UInt8] {
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) { bits += (0..<count).reversed().map { value >> $0 & 1 == 1 } }
        append(0b0100, 4)
        append(bytes.count, countBits)
        for byte in bytes { append(Int(byte), 8) }
        append(0, min(4, dataCodewords * 8 - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var data = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        var padding = [UInt8(0xEC), 0x11].makeIterator()
        while data.count < dataCodewords {
            guard let next = padding.next() else {
                padding = [UInt8(0xEC), 0x11].makeIterator()
                continue
            }
            data.append(next)
        }
        return interleaved(data)
    }

    private func interleaved(_ data: [UInt8]) -> [UInt8] {
        let short = dataCodewords / blocks
        let longBlocks = dataCodewords % blocks
        var parts: [[UInt8]] = []
        var start = 0
        for block in 0..<blocks {
            let length = short + (block >= blocks - longBlocks ? 1 : 0)
            parts.append(Array(data[start..<start + length]))
            start += length
        }
        let checks = parts.map { ReedSolomon.remainder(of: $0, degree: checkCodewordsPerBlock) }
        var result: [UInt8] = []
        for index in 0...short { result += parts.compactMap { index < $0.count ? $0[index] : nil } }
        for index in 0..<checkCodewordsPerBlock { result += checks.map { $0[index] } }
        return result
    }
}

/// Arithmetic in the field of 256 elements that QR codes use.
private enum ReedSolomon {
    static func remainder(of data: [UInt8], degree: Int) -> [UInt8] {
        var divisor = [UInt8](repeating: 0, count: degree - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in divisor.indices {
                divisor[index] = product(divisor[index], root)
                if index + 1 < degree { divisor[index] ^= divisor[index + 1] }
            }
            root = product(root, 2)
        }
        var rest = [UInt8](repeating: 0, count: degree)
        for byte in data {
            let factor = byte ^ rest.removeFirst()
            rest.append(0)
            for index in rest.indices { rest[index] ^= product(divisor[index], factor) }
        }
        return rest
    }

    private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var result = 0
        for bit in (0..<8).reversed() {
            result = result << 1 ^ (result >> 7) * 0x11D
            if right >> bit & 1 == 1 { result ^= Int(left) }
        }
        return UInt8(result)
    }
}
