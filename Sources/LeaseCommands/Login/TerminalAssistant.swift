import Foundation
import LeaseModel
import LocalFiles
import Output

/// Asks the person at the terminal to log in. It shows an address, a code, and how much time is left.
///
/// Without a terminal, as in a notebook's cell, it writes the same without the countdown.
actor TerminalAssistant: LoginAssistant {
    private var sink: any TextSink & Sendable
    private let terminal: Terminal
    private let environment: [String: String]
    private let now: @Sendable () -> Timestamp
    private let opensBrowser: Bool
    private let canAnswer: Bool
    /// The remaining time on the terminal, while it is shown.
    private var shownSeconds: Int64?
    /// Whether a person is being asked.
    private(set) var isAsking = false

    init(_ console: Console, opensBrowser: Bool) {
        sink = console.errors
        terminal = console.errorTerminal
        environment = console.environment
        now = console.now
        self.opensBrowser = opensBrowser
        canAnswer = console.errorTerminal.isTerminal && isatty(STDIN_FILENO) == 1
    }

    func invite(_ invitation: LoginInvitation) {
        isAsking = true
        let address = invitation.completeAddress ?? invitation.address
        write("To log in to \(invitation.cloud), open this address in a browser, here or on any other device:\n")
        write("\n  \(address)\n\n")
        if let code = invitation.code {
            write(
                invitation.completeAddress == nil
                    ? "and enter this code: \(code)\n" : "and check that it shows this code: \(code)\n")
        }
        if terminal.isTerminal, invitation.code != nil, let symbol = QRCode(address) {
            try? sink.write(symbol.text(isColored: terminal.allowsColor) + "\n")
        }
        if opensBrowser, let browser = Browser(environment: environment) { browser.open(address) }
        let seconds = max(0, invitation.expiresAt.seconds(since: now()))
        if !terminal.isTerminal {
            write("Waiting for you to log in; you have \(Self.clock(seconds)) minutes.\n")
        }
    }

    func note(secondsLeft: Int64) {
        guard terminal.isTerminal, secondsLeft != shownSeconds else { return }
        shownSeconds = secondsLeft
        try? sink.write("\r\u{1B}[KWaiting for you to log in: \(Self.clock(secondsLeft)) left (Ctrl-C to stop)")
        try? sink.flush()
    }

    func conclude() {
        isAsking = false
        guard shownSeconds != nil else { return }
        shownSeconds = nil
        try? sink.write("\r\u{1B}[K")
        try? sink.flush()
    }

    func answer(to question: String) -> String? {
        guard canAnswer else { return nil }
        try? sink.write(question.escapedForTerminal)
        try? sink.flush()
        var before = termios()
        let isKnown = tcgetattr(STDIN_FILENO, &before) == 0
        if isKnown {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        let line = readLine()
        if isKnown { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        try? sink.write("\n")
        return line?.trimmingCharacters(in: .whitespaces)
    }

    private func write(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        try? sink.write(lines.map { String($0).escapedForTerminal }.joined(separator: "\n"))
        try? sink.flush()
    }

    /// A duration in minutes and seconds.
    static func clock(_ seconds: Int64) -> String {
        let rest = seconds % 60
        return "\(seconds / 60):\(rest < 10 ? "0" : "")\(rest)"
    }
}
