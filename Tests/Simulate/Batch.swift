import BlazarModel
import Foundation
import Simulation

/// Many seeds, some at a time, with a bar to watch.
struct Batch: Sendable {
    let simulation: Simulation
    let dialect: Dialect?
    let mutant: Mutant?
    let isTracing: Bool

    /// Runs the seeds.
    ///
    /// - Returns: those that broke a rule.
    func run(from first: UInt64, seeds: Int, jobs: Int, most: Int) async throws -> [Simulation.Result] {
        let began = ContinuousClock.now
        var failures: [Simulation.Result] = []
        var (done, exchanges, next) = (0, 0, 0)
        try await withThrowingTaskGroup(of: (Int, Simulation.Result).self) { group in
            func start(_ lane: Int) {
                guard next < seeds, failures.count < most else { return }
                let seed = first + UInt64(next)
                next += 1
                group.addTask {
                    let scenario = Scenario(seed: seed, dialect: dialect)
                    return (
                        lane, try await simulation.run(scenario, lane: lane, isTracing: isTracing, mutant: mutant)
                    )
                }
            }
            for lane in 0..<jobs { start(lane) }
            while let (lane, result) = try await group.next() {
                done += 1
                exchanges += result.exchanges
                if result.violation != nil { failures.append(result) }
                for line in result.trace { print(line) }
                start(lane)
                if done.isMultiple(of: 25) || done == seeds {
                    report(done, of: seeds, exchanges, failures.count, since: began)
                }
            }
        }
        report(done, of: seeds, exchanges, failures.count, since: began, isLast: true)
        FileHandle.standardError.write(Data("\n".utf8))
        return failures
    }

    private func report(
        _ done: Int, of total: Int, _ exchanges: Int, _ failed: Int, since began: ContinuousClock.Instant,
        isLast: Bool = false
    ) {
        let seconds = max(0.001, Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000)
        let isTerminal = isatty(STDERR_FILENO) == 1
        guard isTerminal || isLast || done.isMultiple(of: 5_000) else { return }
        let filled = 30 * done / max(1, total)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let rate = Double(done) / seconds
        let text = String(
            format: "\r[%@] %d of %d seeds, %.0f a second, %.0f exchanges a second, %d failed%@", bar, done, total,
            rate,
            Double(exchanges) / seconds, failed, isTerminal ? "" : "\n")
        FileHandle.standardError.write(Data(text.utf8))
    }
}
