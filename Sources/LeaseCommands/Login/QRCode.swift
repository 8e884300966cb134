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

/// The square on which a QR code is drawn.
struct QRCanvas {
    private let version: QRVersion
    private let size: Int
    private(set) var dark: [Bool]
    /// Which modules contain no data.
    private var isFunction: [Bool]

    init(_ version: QRVersion) {
        self.version = version
        size = version.number * 4 + 17
        dark = [Bool](repeating: false, count: size * size)
        isFunction = dark
    }

    private mutating func set(_ column: Int, _ row: Int, _ isDark: Bool) {
        dark[row * size + column] = isDark
        isFunction[row * size + column] = true
    }

    // MARK: Fixed patterns

    mutating func drawFunctionModules() {
        for index in 0..<size {
            set(6, index, index % 2 == 0)
            set(index, 6, index % 2 == 0)
        }
        for (column, row) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(column, row) }
        let last = version.alignment.count - 1
        for (first, column) in version.alignment.enumerated() {
            for (second, row) in version.alignment.enumerated() {
                let isAtFinder =
                    (first == 0 && second == 0) || (first == 0 && second == last)
                    || (first == last && second == 0)
                if !isAtFinder { drawAlignment(column, row) }
            }
        }
        drawFormat(mask: 0)
        drawVersion()
    }

    private mutating func drawFinder(_ column: Int, _ row: Int) {
        for down in -4...4 {
            for right in -4...4 where (0..<size).contains(column + right) && (0..<size).contains(row + down) {
                let distance = max(abs(right), abs(down))
                set(column + right, row + down, distance != 2 && distance != 4)
            }
        }
    }

    private mutating func drawAlignment(_ column: Int, _ row: Int) {
        for down in -2...2 {
            for right in -2...2 { set(column + right, row + down, max(abs(right), abs(down)) != 1) }
        }
    }

    /// Draws the level (L is 01) and the mask, with their check bits.
    private mutating func drawFormat(mask: Int) {
        let data = 0b01 << 3 | mask
        let bits = (data << 10 | Self.remainder(of: data, divisor: 0x537, degree: 10)) ^ 0x5412
        func bit(_ index: Int) -> Bool { bits >> index & 1 == 1 }
        for index in 0...5 { set(8, index, bit(index)) }
        set(8, 7, bit(6))
        set(8, 8, bit(7))
        set(7, 8, bit(8))
        for index in 9...14 { set(14 - index, 8, bit(index)) }
        for index in 0...7 { set(size - 1 - index, 8, bit(index)) }
        for index in 8...14 { set(8, size - 15 + index, bit(index)) }
        set(8, size - 8, true)
    }

    private mutating func drawVersion() {
        guard version.number >= 7 else { return }
        let bits = version.number << 12 | Self.remainder(of: version.number, divisor: 0x1F25, degree: 12)
        for index in 0..<18 {
            let (near, far) = (index / 3, size - 11 + index % 3)
            set(far, near, bits >> index & 1 == 1)
            set(near, far, bits >> index & 1 == 1)
        }
    }

    private static func remainder(of data: Int, divisor: Int, degree: Int) -> Int {
        var rest = data
        for _ in 0..<degree { rest = rest << 1 ^ (rest >> (degree - 1)) * divisor }
        return rest
    }

    // MARK: Data

    /// Places the codewords in columns of two modules, from right to left, alternately upward and downward.
    mutating func place(_ codewords: [UInt8]) {
        var index = 0
        var right = size - 1
        while right >= 1 {
            if right == 6 { right = 5 }
            let goesUp = (right + 1) & 2 == 0
            for step in 0..<size {
                let row = goesUp ? size - 1 - step : step
                for column in [right, right - 1] where !isFunction[row * size + column] {
                    guard index < codewords.count * 8 else { continue }
                    dark[row * size + column] = codewords[index / 8] >> (7 - index % 8) & 1 == 1
                    index += 1
                }
            }
            right -= 2
        }
    }

    mutating func apply(mask: Int) {
        for row in 0..<size {
            for column in 0..<size where !isFunction[row * size + column] {
                let inverts =
                    switch mask {
                    case 0: (column + row) % 2 == 0
                    case 1: row % 2 == 0
                    case 2: column % 3 == 0
                    case 3: (column + row) % 3 == 0
                    case 4: (column / 3 + row / 2) % 2 == 0
                    case 5: column * row % 2 + column * row % 3 == 0
                    case 6: (column * row % 2 + column * row % 3) % 2 == 0
                    default: ((column + row) % 2 + column * row % 3) % 2 == 0
                    }
                if inverts { dark[row * size + column].toggle() }
            }
        }
        drawFormat(mask: mask)
    }

    /// How hard the code is to read. Long runs, blocks of one color, patterns that look like a finder, and unequal
    /// numbers of dark and light modules count against it.
    var penalty: Int {
        var result = 0
        for line in 0..<size {
            result += penalty((0..<size).map { dark[line * size + $0] })
            result += penalty((0..<size).map { dark[$0 * size + line] })
        }
        for row in 0..<size - 1 {
            for column in 0..<size - 1 {
                let first = dark[row * size + column]
                let isBlock =
                    first == dark[row * size + column + 1] && first == dark[(row + 1) * size + column]
                    && first == dark[(row + 1) * size + column + 1]
                if isBlock { result += 3 }
            }
        }
        let share = dark.count { $0 } * 100 / dark.count
        return result + abs(share - 50) / 5 * 10
    }

    private static let finder = [true, false, true, true, true, false, true]

    private func penalty(_ line: [Bool]) -> Int {
        var result = 0
        var run = 0
        for (index, isDark) in line.enumerated() {
            run = index > 0 && isDark == line[index - 1] ? run + 1 : 1
            if run == 5 { result += 3 } else if run > 5 { result += 1 }
        }
        for start in 0...line.count - 7 where Array(line[start..<start + 7]) == Self.finder {
            let before = (start - 4..<start).allSatisfy { $0 < 0 || !line[$0] }
            let after = (start + 7..<start + 11).allSatisfy { $0 >= line.count || !line[$0] }
            if before || after { result += 40 }
        }
        return result
    }
}
