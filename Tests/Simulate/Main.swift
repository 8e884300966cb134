import ArgumentParser
import BlazarModel
import Foundation
import Simulation

/// Runs the simulation for as many seeds as wanted.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Simulate the whole engine, one run a seed, with everything going wrong.")

    @Option(help: "How many seeds to run.")
    var seeds = 2_000
    @Option(help: "The first seed.")
    var from: UInt64 = 1
    @Option(help: "How many runs at the same time.")
    var jobs = 2
    @Option(help: "upstream or chameleon; by default the seed chooses.")
    var dialect: String?
    @Option(help: "Break the engine on purpose: \(Mutant.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutant: String?
    @Option(help: "Stop after so many failing seeds.")
    var most = 5
    @Flag(help: "Print the record of each run.")
    var trace = false
    @Flag(help: "Do not shorten what fails.")
    var noShrink = false

    func run() async throws {
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(root)/leasehold-simulation-\(ProcessInfo.processInfo.processIdentifier)"
        let simulation = try Simulation(folder: folder)
        let batch = Batch(
            simulation: simulation, dialect: try chosenDialect(), mutant: try chosenMutant(), isTracing: trace)
        let failures = try await batch.run(from: from, seeds: seeds, jobs: max(1, jobs), most: most)
        for failure in failures.sorted(by: { $0.seed < $1.seed }) {
            print("seed \(failure.seed): \(failure.violation ?? "")")
            guard !noShrink else { continue }
            let short = try await simulation.shrink(
                Scenario(seed: failure.seed, dialect: batch.dialect), mutant: batch.mutant)
            for line in short.description { print("    \(line)") }
            for line in try await simulation.run(short, isTracing: true, mutant: batch.mutant).trace {
                print("        \(line)")
            }
        }
        try? FileManager.default.removeItem(atPath: folder)
        if !failures.isEmpty { throw ExitCode(1) }
    }

    private func chosenDialect() throws -> Dialect? {
        guard let dialect else { return nil }
        guard let chosen = Dialect(rawValue: dialect) else {
            throw ValidationError("--dialect is upstream or chameleon")
        }
        return chosen
    }

    private func chosenMutant() throws -> Mutant? {
        guard let mutant else { return nil }
        guard let chosen = Mutant(rawValue: mutant) else { throw ValidationError("there is no mutant \(mutant)") }
        return chosen
    }
}
