import BlazarModel
import Foundation
import LeaseModel
import LeaseStore

/// Runs scenarios of the whole engine, each in databases of its own.
package struct Simulation: Sendable {
    /// The result of a run.
    package struct Result: Sendable {
        package let seed: UInt64
        /// The rule that was broken; `nil` if none was.
        package let violation: String?
        /// Every step and exchange, if tracing.
        package let trace: [String]
        /// The number of requests that the server got.
        package let exchanges: Int
    }

    private let folder: String
    private let disks: Disks

    /// - Parameter folder: the folder for databases, created if missing; whoever chose it removes it.
    /// - Throws: an error of the file system or the database.
    package init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let template = folder + "/template.sqlite"
        if !FileManager.default.fileExists(atPath: template) {
            try LeaseStore(path: template, access: .writing).close()
        }
        disks = Disks(template: template)
    }

    /// Runs a scenario.
    ///
    /// - Parameters:
    ///   - scenario: the scenario.
    ///   - lane: runs at the same time must have different lanes.
    ///   - isTracing: whether to keep a record.
    ///   - mutant: how the engine is broken on purpose.
    ///   - afterStep: called after every step, with the path of the first client's database.
    /// - Returns: the result.
    /// - Throws: an error of the file system.
    package func run(
        _ scenario: Scenario, lane: Int = 0, isTracing: Bool = false, mutant: Mutant? = nil,
        afterStep: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Result {
        let run = try Run(
            scenario,
            .init(
                folder: "\(folder)/lane\(lane)", disks: disks, isTracing: isTracing, mutant: mutant,
                afterStep: afterStep))
        let violation = await run.run()
        return Result(
            seed: scenario.seed, violation: violation, trace: run.world.trace, exchanges: run.world.exchanges)
    }

    /// Removes steps and faults as long as the rest still breaks a rule.
    ///
    /// - Returns: the shortest scenario found.
    /// - Throws: an error of the file system.
    package func shrink(_ scenario: Scenario, lane: Int = 0, mutant: Mutant? = nil) async throws -> Scenario {
        var best = scenario
        var chunk = max(1, best.steps.count / 2)
        while true {
            var hasShrunk = false
            var start = 0
            while start < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + chunk, best.steps.count))
                if try await run(candidate, lane: lane, mutant: mutant).violation != nil {
                    best = candidate
                    hasShrunk = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1 {
                let simpler = try await simplify(best, lane: lane, mutant: mutant)
                guard hasShrunk || simpler != best else { return best }
                best = simpler
            }
            chunk = max(1, chunk / 2)
        }
    }

    private func simplify(_ scenario: Scenario, lane: Int, mutant: Mutant?) async throws -> Scenario {
        var best = scenario
        func attempt(_ change: (inout Scenario) -> Void) async throws {
            var candidate = best
            change(&candidate)
            guard candidate != best, try await run(candidate, lane: lane, mutant: mutant).violation != nil else {
                return
            }
            best = candidate
        }
        for index in best.steps.indices {
            try await attempt { $0.steps[index].crashAt = nil }
            try await attempt { $0.steps[index].pauseSeconds = 0 }
            for exchange in best.steps[index].faults.keys.sorted() {
                try await attempt { $0.steps[index].faults[exchange] = nil }
            }
        }
        for client in best.secondsOff.indices { try await attempt { $0.secondsOff[client] = 0 } }
        try await attempt { $0.actionSeconds = 0 }
        try await attempt { $0.tokenSeconds = 3_600 }
        return best
    }
}

extension Scenario {
    /// The scenario for a person to read.
    package var description: [String] {
        [
            "seed \(seed), \(dialect.rawValue), \(keepsEvents ? "keeps" : "drops") events, second client \(secondUser), "
                + "tokens live \(tokenSeconds) s, clocks off by \(secondsOff)"
        ]
            + steps.map { step in
                let faults = step.faults.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                let crash = step.crashAt.map { ", dies at \($0)" } ?? ""
                return "\(step.number) +\(step.pauseSeconds)s \(step.action) \(faults)\(crash)"
            }
    }
}
