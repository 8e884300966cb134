import BlazarModel
import Foundation
import Simulation
import Testing

/// The engine follows its rules whatever goes wrong, and the simulation notices if it does not.
///
/// `tools/simulate` runs any number of seeds; these are few enough for every test run.
@Suite struct SimulationTests {
    private static let ordinarySeeds: ClosedRange<UInt64> = 1...20

    /// Runs a test in a temporary folder, in memory if possible.
    private func withSimulation(_ body: (Simulation) async throws -> Void) async throws {
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(root)/leasehold-simulation-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(try Simulation(folder: folder))
    }

    @Test func everyPromiseIsKept() async throws {
        try await withSimulation { simulation in
            for seed in Self.ordinarySeeds {
                let scenario = Scenario(seed: seed)
                guard let violation = try await simulation.run(scenario).violation else { continue }
                let short = try await simulation.shrink(scenario)
                Issue.record("seed \(seed): \(violation)\n\(short.description.joined(separator: "\n"))")
            }
        }
    }

    /// Seeds that once broke a rule; some of their scenarios have grown since.
    @Test(
        arguments: [
            103, 134, 224, 745, 758, 870, 993, 1_103, 1_360, 5_623, 122_625, 3_013_135, 3_014_250, 3_018_378,
            6_006_697, 7_010_584, 7_019_383, 9_027_245,
        ] as [UInt64])
    func oldFaultsStayMended(seed: UInt64) async throws {
        try await withSimulation { simulation in
            let result = try await simulation.run(Scenario(seed: seed))
            #expect(result.violation == nil)
        }
    }

    @Test(arguments: [3, 52, 159] as [UInt64]) func theSameSeedRunsTheSameWay(seed: UInt64) async throws {
        try await withSimulation { simulation in
            let first = try await simulation.run(Scenario(seed: seed), isTracing: true)
            let second = try await simulation.run(Scenario(seed: seed), lane: 1, isTracing: true)
            #expect(first.trace == second.trace)
            #expect(first.trace.count > 30)
            let other = try await simulation.run(Scenario(seed: seed + 1), isTracing: true)
            #expect(other.trace != first.trace)
        }
    }

    /// The databases stay open from run to run, and a rule that was broken or a process that died in one leaves nothing
    /// for the next.
    @Test func aRunKnowsNothingOfThoseBefore() async throws {
        func traces(_ simulation: Simulation, _ seeds: [UInt64]) async throws -> [[String]] {
            var traces: [[String]] = []
            for seed in seeds {
                traces.append(try await simulation.run(Scenario(seed: seed), isTracing: true).trace)
            }
            return traces
        }
        var alone: [[String]] = []
        for seed in 11...13 as ClosedRange<UInt64> {
            try await withSimulation { alone += try await traces($0, [seed]) }
        }
        try await withSimulation { simulation in
            let result = try await simulation.run(Scenario(seed: 1), mutant: .wrongCloud)
            #expect(result.violation != nil)
            #expect(try await traces(simulation, [11, 12, 13]) == alone)
            #expect(try await traces(simulation, [13, 12, 11]) == alone.reversed())
        }
    }

    /// Every deliberate defect of the engine is found, for the right reason, and with a short list of steps. These are
    /// the first seeds that find it; `tools/simulate --mutant` looks for more.
    @Test(
        arguments: [
            (.noCommitBeforeSending, 56, "was made for it"), (.noQuietPeriod, 275, "became two leases"),
            (.adoptsWithoutToken, 256, "which is not its"), (.resendsAfterCrash, 392, "was made for it"),
            (.skipsLook, 663, "overwrites name"), (.ignoresConflict, 35, "nobody decided"),
            (.wrongCloud, 1, "went to RegionTwo"), (.dropsField, 2, "no write requests"),
            (.replacesInsteadOfMerging, 2, "no write requests"), (.kindInsteadOfPhase, 163, "became more leases"),
            (.sendsWhatWasGivenUp, 7, "was given up"), (.trustsOwnClock, 2, "in the future"),
            (.keepsTooLong, 17, "kept until"), (.keeperSleeps, 3, "which was to be kept"),
            (.waiterSleeps, 2, "though there is room"), (.waitsTooLong, 72, "after its latest start"),
            (.asksEverywhere, 13, "became two leases"),
        ] as [(Mutant, UInt64, String)])
    func mutantsAreFound(mutant: Mutant, seed: UInt64, reason: String) async throws {
        try await withSimulation { simulation in
            let scenario = Scenario(seed: seed)
            let violation = try await simulation.run(scenario, mutant: mutant).violation ?? "nothing is found"
            #expect(violation.contains(reason))
            let sound = try await simulation.run(scenario)
            #expect(sound.violation == nil)
            guard mutant == .noCommitBeforeSending else { return }
            let short = try await simulation.shrink(scenario, mutant: mutant)
            #expect(short.steps.count <= 8 && short.steps.count < scenario.steps.count)
            let again = try await simulation.run(short, mutant: mutant)
            #expect(again.violation != nil)
        }
    }
}
