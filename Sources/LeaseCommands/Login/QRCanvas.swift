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
