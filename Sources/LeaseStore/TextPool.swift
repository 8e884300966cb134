import Foundation
import GRDBSQLite

/// Texts of a result's columns, each made once: a million leases have a few hundred projects between them.
///
/// A text is found by its bytes, so that no `String` is made to look it up.
struct TextPool {
    private struct Entry {
        let hash: UInt64
        let start: Int
        let length: Int
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private(set) var texts: [String] = []
    /// Places by hash: the number of an entry plus 1, 0 where there is none. At most half of them are taken.
    private var places = [Int32](repeating: 0, count: 1_024)

    /// The number of the text that each column had last: the next is often the same.
    private var recent = [Int](repeating: -1, count: 32)

    /// The number of a column's text; `nil` for NULL. Columns must be fewer than 32.
    mutating func number(_ statement: OpaquePointer, _ column: Int32) -> Int? {
        guard let start = sqlite3_column_text(statement, column) else { return nil }
        let text = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
        let last = recent[Int(column)]
        if last >= 0, isEqual(entries[last], text) { return last }
        let number = number(of: text)
        recent[Int(column)] = number
        return number
    }

    /// A column's text; `nil` for NULL.
    mutating func text(_ statement: OpaquePointer, _ column: Int32) -> String? {
        number(statement, column).map { texts[$0] }
    }

    private mutating func number(of text: UnsafeRawBufferPointer) -> Int {
        let hash = Self.hash(text)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            let number = Int(places[place]) - 1
            if entries[number].hash == hash, isEqual(entries[number], text) { return number }
            place = (place + 1) & (places.count - 1)
        }
        let number = entries.count
        entries.append(Entry(hash: hash, start: bytes.count, length: text.count))
        bytes.append(contentsOf: text)
        texts.append(String(decoding: text, as: UTF8.self))
        places[place] = Int32(number + 1)
        if entries.count * 2 > places.count { grow() }
        return number
    }

    private func isEqual(_ entry: Entry, _ text: UnsafeRawBufferPointer) -> Bool {
        guard entry.length == text.count else { return false }
        guard let start = text.baseAddress else { return true }
        return bytes.withUnsafeBytes { known in
            known.baseAddress.map { memcmp($0 + entry.start, start, text.count) == 0 } ?? false
        }
    }

    private mutating func grow() {
        places = [Int32](repeating: 0, count: places.count * 2)
        for (number, entry) in entries.enumerated() {
            var place = Int(truncatingIfNeeded: entry.hash) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = Int32(number + 1)
        }
    }

    /// FNV-1a over words of eight bytes, folded at the end so that the low bits depend on all of them.
    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var position = 0
        while position + 8 <= text.count {
            hash = (hash ^ text.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 29
            position += 8
        }
        while position < text.count {
            hash = (hash ^ UInt64(text[position])) &* 0x0000_0100_0000_01B3
            position += 1
        }
        return hash ^ hash >> 32
    }
}
