import Foundation
import LeaseModel
import OpenStackClient
import Testing

@Suite struct SitePolicyFileTests {
    private func policies(_ text: String) throws -> SitePolicies {
        try SitePolicyFile.policies(path: "/p.yaml", text: text)
    }

    @Test func aSitesSectionGoesOverWhatHoldsEverywhere() throws {
        let found = try policies(
            """
            max_duration: 7d
            extension_window: 48h
            extension_window_share: 2/7
            limits:
              - {flavor: m1.tiny, max_duration: unlimited}
              - {node_type: gpu, user: ada, max_duration: 3d, extension_window: 12h}
              - {project: CHI-1, extension_window_share: 50%}
            allocations:
              - {project: CHI-1, ends: 2027-01-31, su_left: 1200.5, as_of: 2026-11-28}
              - {project: CHI-1, user: ada, su_left: 10}
            client_event: yes
            su_rates:
              - {su_per_hour: 1}
              - {node_type: gpu, su_per_hour: 2, until: 2026-01-01}
              - {node_type: gpu, su_per_hour: 4.5, from: 2026-01-01}
              - {resource_type: fip, su_per_hour: 1}
            sites:
              kvm:
                max_duration: 180d
                extension_measured_from: start
                client_event: off
                su_rates: [{flavor: m1.tiny, su_per_hour: 0.01}]
              empty:
            """)
        let general = found.policy(of: ["elsewhere"])
        #expect(general.maxDurationSeconds == 604_800)
        #expect(general.extensionWindowSeconds == 172_800)
        #expect(general.extensionWindowShare == WindowShare(2, 7))
        #expect(general.extensionMeasure == nil)
        #expect(
            general.limits == [
                LeaseLimit(resourceType: .flavor, kind: "m1.tiny", maxDurationSeconds: LeaseLimit.unlimited),
                LeaseLimit(
                    resourceType: .host, kind: "gpu", user: "ada", maxDurationSeconds: 259_200,
                    extensionWindowSeconds: 43_200),
                LeaseLimit(project: "CHI-1", extensionWindowShare: WindowShare(parsing: "50%")),
            ])
        #expect(
            general.allocations == [
                ProjectAllocation(
                    project: "CHI-1", endsAt: Timestamp(parsing: "2027-01-31"), serviceUnitsLeft: 1_200.5,
                    asOf: Timestamp(parsing: "2026-11-28")),
                ProjectAllocation(project: "CHI-1", user: "ada", serviceUnitsLeft: 10),
            ])
        #expect(general.warningSeconds == nil)
        #expect(general.sendsClientEvent == true)
        #expect(found.policy(of: ["empty"]) == general)
        let kvm = found.policy(of: ["other", "kvm"])
        #expect(kvm.maxDurationSeconds == 15_552_000)
        #expect(kvm.extensionWindowSeconds == 172_800)
        #expect(kvm.extensionMeasure == .start)
        #expect(kvm.limits == general.limits)
        #expect(kvm.sendsClientEvent == false)
        #expect(kvm.rates.map(\.kind) == ["m1.tiny"])

        func rate(_ kind: String?, _ date: String, of type: ResourceType = .host) -> Double? {
            Timestamp(parsing: date).flatMap { general.rate(of: type, kind: kind, at: $0)?.serviceUnitsPerHour }
        }
        #expect(rate("gpu", "2025-12-31 23:59") == 2)
        #expect(rate("gpu", "2026-01-01") == 4.5)
        #expect(rate("compute", "2026-01-01") == 1)
        #expect(rate(nil, "2026-01-01") == 1)
        #expect(rate(nil, "2026-01-01", of: .floatingIP) == 1)
        #expect(rate(nil, "2026-01-01", of: .network) == nil)
    }

    @Test(arguments: [
        ("max_duratoin: 7d", "/p.yaml:1:15: \"max_duratoin\" is not a known setting; did you mean \"max_duration\"?"),
        ("max_duration: 7", "/p.yaml:1:15: \"max_duration\" should be a length of time"),
        ("a: b: c", "/p.yaml:1:"),
        ("- 7d", "/p.yaml:1:1: expected settings"),
        ("client_event: maybe", "should be true or false"),
        ("sites:\n  - a", "/p.yaml:2:3: \"sites\" should hold sites by name"),
        ("sites:\n  chi: 7d", "/p.yaml:2:8: \"sites.chi\" should hold settings"),
        ("sites:\n  chi:\n    sites: {}", "/p.yaml:3:12: \"sites\" is not a known setting"),
        ("su_rates: 4", "should be a list"),
        ("extension_window_share: 8/7", "should be a share of the longest lease"),
        ("extension_measured_from: now", "should be end or start"),
        ("limits:\n  - {max_duration: 1d}", "/p.yaml:2:5: \"limits\" has an entry for nothing: give node_type, flavor"),
        ("limits:\n  - {user: ada}", "has an entry without a limit: give max_duration"),
        ("limits:\n  - {usr: ada, max_duration: 1d}", "\"usr\" is not a known setting; did you mean \"user\"?"),
        ("allocations:\n  - {ends: 2027-01-01}", "has an entry without a project"),
        ("allocations:\n  - {project: a}", "has an entry without \"ends\" and \"su_left\""),
        ("allocations:\n  - {project: a, su_left: -1}", "should be a number of service units"),
        ("su_rates:\n  - node_type: a", "/p.yaml:2:5: \"su_per_hour\" should be a number"),
        ("su_rates:\n  - {su_per_hour: -1}", "should be a number"),
        ("su_rates:\n  - {su_per_hour: nan}", "should be a number"),
        ("su_rates:\n  - {node_type: a, flavor: b, su_per_hour: 1}", "node_type and flavor: give one"),
        ("su_rates:\n  - {su_per_hour: 1, from: soon}", "should be a date"),
        ("su_rates:\n  - {su_per_hour: 1, from: 2026-01-02, until: 2026-01-02}", "is not after"),
    ]) func faultsNameFileLineAndKey(text: String, said: String) throws {
        let error = try #require(#expect(throws: CloudConfigurationError.self) { try policies(text) })
        #expect(error.message.contains(said), "\(error.message)")
        #expect(!error.message.contains("\n"))
    }

    @Test func emptyFilesAskForNothing() throws {
        #expect(try policies("") == SitePolicies())
        #expect(try policies("max_duration:\nsites:\n") == SitePolicies())
    }

    @Test func theFileIsFoundWhereSettingsBelong() throws {
        let folder = try TemporaryFolder()
        func load(_ environment: [String: String]) throws -> Int64? {
            try SitePolicyFile.load(
                environment: environment, homeDirectory: folder.path + "/home", currentDirectory: folder.path + "/cwd"
            ).general.maxDurationSeconds
        }
        #expect(try load([:]) == nil)
        try folder.write("home/.config/leasehold/policy.yaml", "max_duration: 1d")
        try folder.write("xdg/leasehold/policy.yaml", "max_duration: 2d")
        try folder.write("cwd/own.yaml", "max_duration: 3d")
        let xdg = ["XDG_CONFIG_HOME": folder.path + "/xdg"]
        #expect(try load([:]) == 86_400)
        #expect(try load(xdg) == 172_800)
        #expect(try load(xdg.merging(["LEASEHOLD_POLICY": "own.yaml"]) { $1 }) == 259_200)
        let error = #expect(throws: CloudConfigurationError.self) { try load(["LEASEHOLD_POLICY": "none.yaml"]) }
        #expect(error?.message.contains("none.yaml: the policy file cannot be read") == true)
    }

    @Test func theExampleCanBeRead() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/policy-example-chameleon.yaml")
        let found = try SitePolicyFile.policies(path: path.path, text: String(contentsOf: path, encoding: .utf8))
        let chi = found.policy(of: ["chi_uc"])
        #expect(chi.maxDurationSeconds == 604_800)
        #expect(chi.extensionWindowSeconds == 345_600)
        #expect(chi.extensionWindowShare == WindowShare(2, 7))
        let moment = try #require(Timestamp(parsing: "2026-11-22"))
        #expect(chi.rate(kind: "compute_skylake", at: moment)?.serviceUnitsPerHour == 1)
        #expect(chi.rate(kind: "gpu_rtx_6000", at: moment)?.serviceUnitsPerHour == 2)
        #expect(chi.rate(kind: "gpu_a100_nvlink", at: moment)?.serviceUnitsPerHour == 16)
        #expect(chi.rate(of: .floatingIP, kind: nil, at: moment)?.serviceUnitsPerHour == 0)
        let kvm = found.policy(of: ["kvm_tacc"])
        #expect(kvm.maxDurationSeconds == 15_552_000)
        #expect(kvm.rate(of: .flavor, kind: "m1.large", at: moment)?.serviceUnitsPerHour == 0.08)
    }
}
