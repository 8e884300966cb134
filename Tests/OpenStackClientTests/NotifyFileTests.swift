import LeaseModel
import OpenStackClient
import Testing

@Suite struct NotifyFileTests {
    private static let file = NotifyFile(
        environment: [:], homeDirectory: "/home/ada", currentDirectory: "/home/ada")

    private func settings(_ text: String) throws -> NotifySettings { try Self.file.settings(text: text) }

    @Test func theFileIsInTheConfigurationFolder() {
        #expect(Self.file.path == "/home/ada/.config/leasehold/notify.yaml")
        func path(_ environment: [String: String]) -> String {
            NotifyFile(environment: environment, homeDirectory: "/h", currentDirectory: "/c").path
        }
        #expect(path(["XDG_CONFIG_HOME": "/x"]) == "/x/leasehold/notify.yaml")
        #expect(path(["LEASEHOLD_NOTIFY": "n.yaml"]) == "/c/n.yaml")
    }

    @Test func aNameIsEnoughForAChannel() throws {
        let found = try settings("channels:\n  desktop:\n")
        #expect(found.rules == .standard)
        #expect(found.channels == [NotifyChannel(name: "desktop", means: .desktop)])
    }

    @Test func everySetting() throws {
        let found = try settings(
            """
            events:
              start: {before: 10m}
              end: {before: [2d, 30m]}
              window: true
              error: yes
              degraded: no
              write: [refused, conflict]
              sync: {after: 2h}
            leases:
              mine: false
              projects: CHI-1
              names: ["train-*", edge]
              clouds: [chi_uc]
            channels:
              me: {type: mail, to: [ada@x.org, bob@x.org], from: l@x.org, sendmail: [/bin/mta, -x], events: end}
              team: {type: webhook, shape: slack, url_command: pass show slack, timeout: 5s, events: [error, sync]}
              phone: {type: webhook, shape: ntfy, url: "https://ntfy.sh/t", token_file: ~/t}
              script: {type: command, command: [notify.sh, -v]}
            """)
        var rules = ReminderRules(
            startLeads: [600], endLeads: [172_800, 1_800], windowLeads: [0], tellsErrors: true,
            writes: [.refused, .conflict], syncFailureSeconds: 7_200)
        rules.isMine = false
        rules.projects = ["CHI-1"]
        rules.nameGlobs = ["train-*", "edge"]
        rules.clouds = ["chi_uc"]
        #expect(found.rules == rules)
        #expect(
            found.channels == [
                NotifyChannel(
                    name: "me",
                    means: .mail(to: ["ada@x.org", "bob@x.org"], from: "l@x.org", program: ["/bin/mta", "-x"]),
                    kinds: [.end]),
                NotifyChannel(
                    name: "team",
                    means: .webhook(
                        url: .command(["/bin/sh", "-c", "pass show slack"]), shape: .slack, token: nil),
                    kinds: [.error, .sync], timeLimitSeconds: 5),
                NotifyChannel(
                    name: "phone",
                    means: .webhook(
                        url: .text(Secret("https://ntfy.sh/t")), shape: .ntfy, token: .file("/home/ada/t"))),
                NotifyChannel(name: "script", means: .command(["notify.sh", "-v"])),
            ])
    }

    @Test func onlyTheEventsThatAreNamedAreTold() throws {
        let rules = try settings("events: {end: true}\nchannels: {desktop: {}}\n").rules
        #expect(rules == ReminderRules(endLeads: ReminderRules.standard.endLeads))
    }

    @Test(
        "A mistake is named with file, line and key",
        arguments: [
            ("chanels: {}", ":1:10: \"chanels\" is not a known setting; did you mean \"channels\"?"),
            ("events: {end: true}", "\"channels\" is missing"),
            ("channels:", "\"channels\" is missing"),
            ("channels:\n  x: {}", ":2:6: \"channels.x\" has no \"type\""),
            ("channels:\n  x: {type: webhok}", ":2:13: \"type\" cannot be \"webhok\"; did you mean \"webhook\"?"),
            ("channels:\n  x: 5", "\"channels.x\" should hold settings"),
            ("channels:\n  mail: {}", "\"channels.mail\" has no \"to\""),
            ("channels:\n  mail: {to: \"a@b\\nBcc: c@d\"}", "\"to\" should be a mail address"),
            ("channels:\n  webhook: {}", "\"channels.webhook\" has no \"url\""),
            ("channels:\n  webhook: {url: /x}", "\"url\" should begin with https://"),
            ("channels:\n  webhook: {url: https://x, url_file: y}", "has url and url_file: give one of them"),
            ("channels:\n  webhook: {url: https://x, shape: slak}", "did you mean \"slack\"?"),
            ("channels:\n  command: {}", "\"channels.command\" has no \"command\""),
            ("channels:\n  command: {command: x, to: y}", "\"to\" is not a known setting"),
            ("channels:\n  desktop: {timeout: 1h}", "\"timeout\" should be between 1s and 5m"),
            ("channels:\n  desktop: {events: [ends]}", "\"events\" cannot be \"ends\"; did you mean \"end\"?"),
            ("events: {ends: true}\nchannels: {desktop: }", "did you mean \"end\"?"),
            ("events: {end: soon}\nchannels: {desktop: }", "\"end\" should be true or false"),
            ("events: {end: {before: soon}}\nchannels: {desktop: }", "\"before\" should be a length of time"),
            ("events: {end: {before: 90d}}\nchannels: {desktop: }", "\"before\" should be 60d at most"),
            ("events: {end: {befor: 1d}}\nchannels: {desktop: }", "did you mean \"before\"?"),
            ("events: {write: [don]}\nchannels: {desktop: }", "did you mean \"done\"?"),
            ("events: {sync: {after: x}}\nchannels: {desktop: }", "\"after\" should be a length of time"),
            ("leases: {min: true}\nchannels: {desktop: }", "did you mean \"mine\"?"),
            ("leases: {names: []}\nchannels: {desktop: }", "\"names\" is an empty list"),
            ("- desktop", "expected \"channels:\""),
        ])
    func mistakes(text: String, words: String) {
        do {
            _ = try settings(text)
            Issue.record("\(text) was accepted")
        } catch {
            let message = "\(error)"
            #expect(message.hasPrefix(Self.file.path), "\(message)")
            #expect(message.contains(words), "\(message)")
        }
    }

    @Test func noSecretIsShown() throws {
        let found = try settings("channels: {team: {type: webhook, url: 'https://hook/SECRET', token: SECRET}}")
        #expect(!"\(found)".contains("SECRET"))
        var dumped = ""
        dump(found, to: &dumped)
        #expect(!dumped.contains("SECRET"))
    }
}
