import BlazarClient
import LeaseModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `tools/bench` compares a sync with: a single pass over the bytes of a recorded list.
///
/// `Bench scan FILE` reads, cuts and hashes with its own loops; `Bench cut FILE` uses the program's cutter. Both print
/// the seconds, the number of leases, the bytes and the sum of the digests, which must agree.
@main
enum Main {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, ["scan", "cut"].contains(arguments[1]) else {
            fail("usage: Bench scan|cut FILE", 64)
        }
        let descriptor = open(arguments[2], O_RDONLY)
        guard descriptor >= 0 else { fail("\(arguments[2]): \(String(cString: strerror(errno)))", 66) }
        let start = ContinuousClock.now
        let tally = arguments[1] == "scan" ? scan(descriptor) : cut(descriptor)
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        print(#"{"seconds": \#(elapsed), "leases": \#(tally.leases), "bytes": \#(tally.bytes), "sum": \#(tally.sum)}"#)
    }

    private static func scan(_ descriptor: Int32) -> Tally {
        var scan = PlainScan()
        var bytes = 0
        forEachPart(of: descriptor) { part in
            scan.take(part)
            bytes += part.count
        }
        return Tally(leases: scan.leases, bytes: bytes, sum: scan.sum)
    }

    private static func cut(_ descriptor: Int32) -> Tally {
        var cutter = LeaseListCutter()
        var sum: UInt64 = 0
        do {
            try forEachPart(of: descriptor) { part throws(LeaseListError) in
                for slice in try cutter.consume(Array(part)) { sum &+= slice.digest }
            }
            try cutter.finish()
        } catch {
            fail("\(error)", 65)
        }
        return Tally(leases: cutter.leaseCount, bytes: cutter.byteCount, sum: sum)
    }

    /// Reads in parts as large as a socket's.
    private static func forEachPart<Failure: Error>(
        of descriptor: Int32, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func fail(_ message: String, _ status: Int32) -> Never {
        let line = "Bench: \(message)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
        exit(status)
    }
}

/// The result of a pass.
struct Tally {
    let leases: Int
    let bytes: Int
    let sum: UInt64
}
