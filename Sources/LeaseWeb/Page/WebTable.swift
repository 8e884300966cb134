import NIOCore
import Output

/// A view's data for programs, written by the code that writes the results of commands.
struct WebTable: Sendable {
    /// The text in a format.
    let text: @Sendable (WebFormat) throws -> any WebText

    /// The rows of a list.
    init<Row: Sendable>(_ columns: [Column<Row>], _ rows: [Row]) {
        self.init(columns) { (_: Int?) in (rows, nil) }
    }

    /// The rows of a list, batch by batch, so that a long one is never in memory.
    ///
    /// - Parameters:
    ///   - columns: the columns.
    ///   - batch: returns the rows after a position, and the next position; `nil` at the beginning and at the end.
    init<Row: Sendable, Position: Sendable>(
        _ columns: [Column<Row>],
        batch: @escaping @Sendable (_ after: Position?) throws -> (rows: [Row], next: Position?)
    ) {
        text = { format in
            guard let output = format.output else { throw WebError.notFound }
            var list = ListOutput(
                selection: try ColumnSelection(from: columns, format: output), style: Self.style(output))
            return PartReader { (position: Position?) in
                let (rows, next) = try batch(position)
                var sink = ByteSink()
                for row in rows { try list.write(row, to: &sink) }
                if next == nil { try list.finish(to: &sink) }
                return (sink.take(), next)
            }
        }
    }

    /// One result with all its fields.
    init<Row: Sendable>(show row: Row, _ columns: [Column<Row>]) {
        text = { format in
            guard let output = format.output else { throw WebError.notFound }
            let selection = try ColumnSelection(from: columns, format: output)
            return PartReader { (_: Int?) in
                var sink = ByteSink()
                try ShowOutput(row, selection: selection, style: Self.style(output)).write(to: &sink)
                return (sink.take(), nil)
            }
        }
    }

    /// A text, part by part.
    ///
    /// - Parameter part: returns the text after a position, and the next position; `nil` at the beginning and at the end.
    init<Position: Sendable>(
        part: @escaping @Sendable (_ after: Position?) throws -> (text: String, next: Position?)
    ) {
        text = { _ in
            PartReader { (position: Position?) in
                let (text, next) = try part(position)
                return (ByteBuffer(string: text), next)
            }
        }
    }

    /// Numbers and times are exact; cells that a spreadsheet would run as a formula are guarded, because a browser opens
    /// a downloaded file in one.
    private static func style(_ format: OutputFormat) -> OutputStyle {
        var style = OutputStyle(format: format)
        style.isSpreadsheetSafe = true
        return style
    }
}

/// A text that is read part by part.
protocol WebText: Actor {
    /// The next part, which is not empty; `nil` at the end.
    func next() throws -> ByteBuffer?
}

/// Reads a part after the other, each when it is asked for.
private actor PartReader<Position: Sendable>: WebText {
    typealias Part = (bytes: ByteBuffer, next: Position?)

    private let part: (_ after: Position?) throws -> Part
    private var position: Position?
    private var isAtEnd = false

    init(_ part: sending @escaping (_ after: Position?) throws -> Part) { self.part = part }

    func next() throws -> ByteBuffer? {
        while !isAtEnd {
            let (bytes, next) = try part(position)
            position = next
            isAtEnd = next == nil
            if bytes.readableBytes > 0 { return bytes }
        }
        return nil
    }
}

/// Collects text as bytes.
private struct ByteSink: TextSink {
    private var buffer = ByteBuffer()

    mutating func write(_ text: String) { buffer.writeString(text) }
    mutating func write(_ bytes: [UInt8]) { buffer.writeBytes(bytes) }
    mutating func flush() {}

    mutating func take() -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }
}
