#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file to read without SQLite. Every file that a person names for reading is opened here.
///
/// A pipe is read like a file, so that `<(…)` works. A pipe that nobody writes to is given up after a moment; a plain
/// `open` would wait forever.
package struct InputFile: ~Copyable {
    package let facts: FileFacts
    private let descriptor: Int32
    private let silenceLimitSeconds: Int32?
    private var hasRead = false

    /// How long to wait for a pipe's writer.
    private static var writerLimit: Duration { .seconds(3) }
    /// The read limit. It is more than any supported file holds, and it stops the reading of an endless device.
    private static var limitMebibytes: Int { 1_024 }

    /// - Parameters:
    ///   - path: the file.
    ///   - silenceLimitSeconds: how long to wait for a pipe's next bytes, in seconds; `nil` to wait forever.
    /// - Throws: ``FileProblem`` if it cannot be opened, or is a folder, a disk or a socket.
    package init(path: String, silenceLimitSeconds: Int32? = nil) throws(FileProblem) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw errno == ENXIO ? .wrongKind(.socket) : .last }
        guard let facts = FileFacts(descriptor: file) else {
            let problem = FileProblem.last
            OpenDatabase.close(file)
            throw problem
        }
        guard [.regular, .pipe, .characterDevice].contains(facts.kind) else {
            OpenDatabase.close(file)
            throw .wrongKind(facts.kind)
        }
        self.facts = facts
        self.silenceLimitSeconds = silenceLimitSeconds
        descriptor = file
    }

    deinit { OpenDatabase.close(descriptor) }

    /// Reads a whole file.
    ///
    /// - Throws: ``FileProblem``.
    package static func bytes(of path: String, silenceLimitSeconds: Int32? = nil) throws(FileProblem) -> [UInt8] {
        var file = try InputFile(path: path, silenceLimitSeconds: silenceLimitSeconds)
        return try file.readToEnd()
    }

    /// Reads to the end of the file.
    ///
    /// - Throws: ``FileProblem``.
    package mutating func readToEnd() throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        if facts.kind == .regular { bytes.reserveCapacity(Int(min(facts.size, 1 << 30))) }
        while true {
            let part = try read(upTo: 1 << 20)
            guard !part.isEmpty else { return bytes }
            guard bytes.count + part.count <= Self.limitMebibytes << 20 else {
                throw .tooLarge(mebibytes: Self.limitMebibytes)
            }
            bytes += part
        }
    }

    /// Reads exactly this many bytes, or fewer if the file ends.
    ///
    /// - Throws: ``FileProblem``.
    package mutating func readExactly(_ count: Int) throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let part = try read(upTo: count - bytes.count)
            guard !part.isEmpty else { break }
            bytes += part
        }
        return bytes
    }

    /// Reads some of the remaining bytes; none at the end.
    ///
    /// - Throws: ``FileProblem``.
    package mutating func read(upTo count: Int) throws(FileProblem) -> [UInt8] {
        let began = ContinuousClock.now
        while true {
            var length = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
                length = systemRead(descriptor, buffer)
                used = max(0, length)
            }
            if length > 0 {
                hasRead = true
                return bytes
            }
            if length == 0 {
                // A pipe without a writer looks as if it had ended.
                guard facts.kind == .pipe, !hasRead else { return [] }
                guard ContinuousClock.now - began < Self.writerLimit else { throw .silentPipe }
                usleep(20_000)
            } else if errno == EAGAIN {
                try waitForBytes()
            } else if errno != EINTR {
                throw .last
            }
        }
    }

    private func waitForBytes() throws(FileProblem) {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&wait, 1, silenceLimitSeconds.map { $0 * 1_000 } ?? -1) == 0 { throw .silentPipe }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
