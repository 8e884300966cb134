import GRDBSQLite

/// Rows in the text form of PostgreSQL's COPY (https://www.postgresql.org/docs/current/sql-copy.html).
struct CopyText {
    /// When there are this many bytes, they are passed on.
    static let portion = 256 << 10

    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(Self.portion + (64 << 10)) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Appends the current row of a walk.
    mutating func append(_ walk: RowWalk) {
        let columns = sqlite3_column_count(walk.statement)
        for column in 0..<columns {
            if column > 0 { bytes.append(0x09) }
            append(walk.statement, column)
        }
        bytes.append(0x0A)
    }

    private mutating func append(_ statement: OpaquePointer, _ column: Int32) {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL:
            bytes.append(0x5C)
            bytes.append(0x4E)
        case SQLITE_INTEGER:
            append(sqlite3_column_int64(statement, column))
        default:
            guard let start = sqlite3_column_text(statement, column) else { return }
            append(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
        }
    }

    private mutating func append(_ number: Int64) {
        if number < 0 { bytes.append(0x2D) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: 0x30 &+ rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Appends a text. PostgreSQL takes neither a NUL nor anything but UTF-8, so these become U+FFFD.
    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        var isPlain = true
        for byte in text where byte < 0x20 || byte >= 0x7F || byte == 0x5C {
            isPlain = false
            break
        }
        if isPlain {
            bytes.append(contentsOf: text)
            return
        }
        // Valid UTF-8 stays as it is; the rest is repaired.
        for byte in String(decoding: text, as: UTF8.self).utf8 {
            switch byte {
            case 0x00: bytes.append(contentsOf: [0xEF, 0xBF, 0xBD])
            case 0x09: bytes.append(contentsOf: [0x5C, 0x74])
            case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
            case 0x0D: bytes.append(contentsOf: [0x5C, 0x72])
            case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
            default: bytes.append(byte)
            }
        }
    }
}
