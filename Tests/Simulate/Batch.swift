import Foundation

/// Runs many seeds in several processes, with a progress bar. In a single process the tasks would mostly wait for the
/// locks of SQLite and the allocator.
struct Batch {
    /// The arguments of every process.
    let arguments: [String]
    let folder: String

    /// A process, and its output after the last complete line.
    private final class Worker {
        let process = Process()
        let output = Pipe()
        var rest = Data()
    }

    /// A process wrote something that is not a report.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the seeds.
    ///
    /// - Returns: the seeds that broke a rule, in order.
    func run(from first: UInt64, seeds: Int, jobs: Int, most: Int) throws -> [Lane.Report] {
        let began = ContinuousClock.now
        let workers = try (0..<min(jobs, seeds)).map { try start($0, of: min(jobs, seeds), from: first, seeds: seeds) }
        defer { for worker in workers where worker.process.isRunning { worker.process.terminate() } }
        var failures: [Lane.Report] = []
        var (done, exchanges) = (0, 0)
        var open = workers
        while !open.isEmpty, failures.count < most {
            var waiting = open.map {
                pollfd(fd: $0.output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&waiting, nfds_t(waiting.count), -1) >= 0 else { continue }
            for (worker, ready) in zip(open, waiting) where ready.revents != 0 {
                let data = worker.output.fileHandleForReading.availableData
                guard !data.isEmpty else {
                    open.removeAll { $0 === worker }
                    continue
                }
                for report in try reports(worker, data) {
                    done += 1
                    exchanges += report.exchanges
                    if let violation = report.violation {
                        failures.append(report)
                        // At once, so that a run that is stopped has told what it found.
                        FileHandle.standardError.write(Data("\nseed \(report.seed): \(violation)\n".utf8))
                    }
                    for line in report.trace { print(line) }
                    if done.isMultiple(of: 25) { show(done, of: seeds, exchanges, failures.count, since: began) }
                }
            }
        }
        show(done, of: seeds, exchanges, failures.count, since: began, isLast: true)
        FileHandle.standardError.write(Data("\n".utf8))
        if failures.count < most { try requireSuccess(workers) }
        return failures.sorted { $0.seed < $1.seed }
    }

    private func start(_ number: Int, of count: Int, from first: UInt64, seeds: Int) throws -> Worker {
        let worker = Worker()
        worker.process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        worker.process.arguments =
            arguments + [
                "--lane-of", "\(count)", "--lane-folder", "\(folder)/\(number)", "--from", "\(first + UInt64(number))",
                "--seeds", "\(seeds - number)",
            ]
        worker.process.standardOutput = worker.output
        try worker.process.run()
        return worker
    }

    private func reports(_ worker: Worker, _ data: Data) throws -> [Lane.Report] {
        worker.rest.append(data)
        guard let end = worker.rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = worker.rest[...end].split(separator: UInt8(ascii: "\n"))
        worker.rest = Data(worker.rest[(end + 1)...])
        return try lines.map { try JSONDecoder().decode(Lane.Report.self, from: Data($0)) }
    }

    private func requireSuccess(_ workers: [Worker]) throws {
        for worker in workers {
            worker.process.waitUntilExit()
            guard worker.process.terminationStatus == 0 else {
                throw Failure(description: "A process ended with status \(worker.process.terminationStatus).")
            }
        }
    }

    private func show(
        _ done: Int, of total: Int, _ exchanges: Int, _ failed: Int, since began: ContinuousClock.Instant,
        isLast: Bool = false
    ) {
        let seconds = max(0.001, Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000)
        let isTerminal = isatty(STDERR_FILENO) == 1
        guard isTerminal || isLast || done.isMultiple(of: 5_000) else { return }
        let filled = 30 * done / max(1, total)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let text = String(
            format: "\r[%@] %d of %d seeds, %.0f a second, %.0f exchanges a second, %d failed%@", bar, done, total,
            Double(done) / seconds, Double(exchanges) / seconds, failed, isTerminal ? "" : "\n")
        FileHandle.standardError.write(Data(text.utf8))
    }
}
