import LeaseModel
import LeaseText
import Synchronization
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("leasehold create, asked step by step")
struct CreateQuestionTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)

    /// What is asked for, and what a person is told.
    private static func run(
        _ answers: [String], clouds: [String] = [], knowsSite: Bool = true
    ) throws -> (command: String, told: String) {
        let rest = Mutex(answers)
        let told = SharedText()
        let hosts = ["compute", "compute", "gpu_p100", "gpu_v100"].enumerated().map { index, type in
            CatalogResource(kind: .host, id: "\(index)", fields: ["node_type": .string(type)])
        }
        let questions = CreateQuestions(
            prompt: { question in
                told.write(question + "\n")
                return rest.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            },
            tell: { told.write($0 + "\n") },
            catalog: { kind, _ in
                guard knowsSite else { return [] }
                switch kind {
                case .host: return hosts
                case .network: return [CatalogResource(kind: .network, id: "n", name: "public")]
                default: return []
                }
            }, clouds: clouds, time: TimeText(zone: chicago, now: now), now: now)
        let words = try questions.words()
        let isDone = rest.withLock { $0.isEmpty }
        #expect(isDone, "all answers are needed")
        return (words.map(ShellWord.quoted).joined(separator: " "), told.text)
    }

    @Test("takes what is in brackets for an empty answer")
    func standards() throws {
        let (command, told) = try Self.run(["mine", "", "", "", "", "", ""])
        #expect(command == "leasehold create mine --node 1 --duration 1d")
        #expect(told.contains("  1  compute  (2)\n  2  gpu_p100  (1)\n"))
        #expect(told.contains("Node type [4]: "))
        #expect(told.contains("Fri 15 Jan 02:00 to Sat 16 Jan 02:00 CST"))
    }

    @Test("takes a number, a name or its beginning, and asks again after anything else")
    func choices() throws {
        let (command, told) = try Self.run(
            [
                "", "my lease", "1", "gpu", "comptue", "gpu_v", "0", "2", "1", "yesterday at", "2027-02-01 9:00",
                "2027-01-31", "2027-02-02 18:00",
            ])
        #expect(
            command
                == "leasehold create 'my lease' --node 2,node_type=gpu_v100 --fip 1 --start '2027-02-01 9:00' --end '2027-02-02 18:00'"
        )
        for part in [
            "A lease needs a name.", "That may be several of them.", "Did you mean 'compute'?",
            "A whole number, 1 or more.", "'yesterday at' is not a time.", "That is not after its start.",
            "Mon 1 Feb 09:00 to Tue 2 Feb 18:00 CST",
        ] {
            #expect(
                told.replacing("  1 Feb", with: " 1 Feb").replacing("  2 Feb", with: " 2 Feb").contains(part), "\(part)"
            )
        }
    }

    @Test("asks which cloud, and takes any type of a site that is not known")
    func clouds() throws {
        let (command, told) = try Self.run(
            ["mine", "", "chi_u", "", "gpu_rtx", "2", "", "4h"], clouds: ["chi_tacc", "chi_uc"], knowsSite: false)
        #expect(command == "leasehold create mine --os-cloud chi_uc --node 2,node_type=gpu_rtx --duration 4h")
        #expect(told.contains("Type its number"))
    }

    @Test("stops at the end of the input")
    func end() {
        #expect(throws: CommandError.self) { try Self.run(["mine"]) }
    }
}
