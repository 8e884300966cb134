import ArgumentParser
import BlazarModel
import Foundation
import Simulation

/// Runs the simulation for any number of seeds.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Simulate the whole engine with everything going wrong, one run per seed.")

    @Option(help: "The number of seeds.")
    var seeds = 2_000
    @Option(help: "The first seed.")
    var from: UInt64 = 1
    @Option(help: "The number of processes.")
    var jobs = 2
    @Option(help: "upstream or chameleon; by default the seed chooses.")
    var dialect: String?
    @Option(help: "Break the engine on purpose: \(Mutant.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutant: String?
    @Option(help: "Stop after this many failing seeds.")
    var most = 5
    @Flag(help: "Print the record of each run.")
    var trace = false
    @Flag(help: "Do not shorten failing scenarios.")
    var noShrink = false

    @Flag(help: "Run the first seed only. After each step, print the path of a database, and wait for a line.")
    var stepByStep = false

    @Option(help: .hidden)
    var laneOf: Int?
    @Option(help: .hidden)
    var laneFolder: String?

    func run() async throws {
        if let laneOf, let laneFolder {
            let lane = Lane(
                simulation: try Simulation(folder: laneFolder), dialect: try chosenDialect(),
                mutant: try chosenMutant(), isTracing: trace)
            return try await lane.run(from: from, seeds: seeds, step: max(1, laneOf))
        }
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(root)/leasehold-simulation-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (dialect, mutant) = (try chosenDialect(), try chosenMutant())
        var arguments = trace ? ["--trace"] : []
        if let dialect { arguments += ["--dialect", dialect.rawValue] }
        if let mutant { arguments += ["--mutant", mutant.rawValue] }
        let simulation = try Simulation(folder: folder)
        if stepByStep {
            let result = try await simulation.run(Scenario(seed: from, dialect: dialect), mutant: mutant) { path in
                FileHandle.standardOutput.write(Data("\(path)\n".utf8))
                _ = readLine()
            }
            if let violation = result.violation { throw ValidationError("seed \(from): \(violation)") }
            return
        }
        let failures = try Batch(arguments: arguments, folder: folder).run(
            from: from, seeds: max(1, seeds), jobs: max(1, jobs), most: max(1, most))
        for failure in failures {
            print("seed \(failure.seed): \(failure.violation ?? "")")
            guard !noShrink else { continue }
            let short = try await simulation.shrink(Scenario(seed: failure.seed, dialect: dialect), mutant: mutant)
            for line in short.description { print("    \(line)") }
            for line in try await simulation.run(short, isTracing: true, mutant: mutant).trace {
                print("        \(line)")
            }
        }
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
