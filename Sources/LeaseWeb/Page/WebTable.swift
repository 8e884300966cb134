import Leasehold
import NIOCore
import Output

/// A view's data for programs, written by the code that writes the results of commands.
struct WebTable: Sendable {
    /// Takes the next part of the text.
    typealias Pass = (ByteBuffer) async throws -> Void

    /// Writes the data in a format, and passes on the text part by part.
    let write: @Sendable (WebFormat, Pass) async throws -> Void

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
        write = { format, pass in
            guard let output = format.output else { throw WebError.notFound }
            var list = ListOutput(
                selection: try ColumnSelection(from: columns, format: output), style: Self.style(output))
            var sink = ByteSink()
            var position: Position?
            repeat {
                let after = position
                let (rows, next) = try await DatabaseThreads.run { try batch(after) }
                for row in rows { try list.write(row, to: &sink) }
                try await pass(sink.take())
                position = next
            } while position != nil
            try list.finish(to: &sink)
            try await pass(sink.take())
        }
    }

    /// One result with all its fields.
    init<Row: Sendable>(show row: Row, _ columns: [Column<Row>]) {
        write = { format, pass in
            guard let output = format.output else { throw WebError.notFound }
            var sink = ByteSink()
            let selection = try ColumnSelection(from: columns, format: output)
            try ShowOutput(row, selection: selection, style: Self.style(output)).write(to: &sink)
            try await pass(sink.take())
        }
    }

    /// A text that is made when it is asked for.
    init(text: @escaping @Sendable () throws -> String) {
        write = { _, pass in
            let text = try await DatabaseThreads.run { try text() }
            try await pass(ByteBuffer(string: text))
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
