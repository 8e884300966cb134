#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes to a file descriptor in large pieces.
///
/// It does not use C's `stdout`, whose errors appear only at exit: a full disk must not look like success.
package struct FileSink: TextSink {
    private let descriptor: Int32
    private let bufferSize: Int
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - descriptor: an open descriptor. It is not closed.
    ///   - bufferSize: how many bytes are collected before they are written.
    package init(descriptor: Int32, bufferSize: Int = 65_536) {
        self.descriptor = descriptor
        self.bufferSize = bufferSize
    }

    package static var standardOutput: FileSink { FileSink(descriptor: STDOUT_FILENO) }

    /// Not buffered, so that messages appear at once.
    package static var standardError: FileSink { FileSink(descriptor: STDERR_FILENO, bufferSize: 0) }

    package mutating func write(_ text: String) throws(OutputError) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= bufferSize { try flush() }
    }

    package mutating func write(_ bytes: [UInt8]) throws(OutputError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= bufferSize { try flush() }
    }

    package mutating func flush() throws(OutputError) {
        var written = 0
        // After a failure, the data is not written again, because the caller stops.
        defer { buffer.removeAll(keepingCapacity: true) }
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]))
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                throw .readerGone
            } else if errno == EAGAIN {
                // Another program made the shared descriptor non-blocking: wait until it accepts more.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            } else if errno != EINTR {
                throw .failed(String(cString: strerror(errno)))
            }
        }
    }
}

/// A separate name is needed, because `write` inside the sink means its method.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
