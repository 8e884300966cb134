import BlazarModel
import Foundation
import Simulation

/// The seeds of one process, run one after the other. The lanes of a batch take turns, so that they share seeds evenly.
struct Lane: Sendable {
    let simulation: Simulation
    let dialect: Dialect?
    let mutant: Mutant?
    let isTracing: Bool

    /// The report on a seed, one line of JSON.
    struct Report: Codable {
        var seed: UInt64
        var exchanges: Int
        var violation: String?
        var trace: [String]
    }

    /// Runs the seeds, and reports each on standard output.
    func run(from first: UInt64, seeds: Int, step: Int) async throws {
        let encoder = JSONEncoder()
        for index in stride(from: 0, to: seeds, by: step) {
            let scenario = Scenario(seed: first + UInt64(index), dialect: dialect)
            let result = try await simulation.run(scenario, isTracing: isTracing, mutant: mutant)
            let report = Report(
                seed: result.seed, exchanges: result.exchanges, violation: result.violation, trace: result.trace)
            FileHandle.standardOutput.write(try encoder.encode(report) + Data("\n".utf8))
        }
    }
}
