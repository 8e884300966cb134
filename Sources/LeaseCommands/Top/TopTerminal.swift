import Foundation
import Output

/// The terminal while a program draws whole screens on it. It is put back as it was, whatever ends the program.
final class TopTerminal {
    enum Event {
        case keys([TopKey])
        /// The size may have changed, or what was drawn is gone.
        case redraw
        case tick
        /// The program is to end.
        case end(signal: Int32)
    }

    private var before = termios()
    private var isEntered = false
    /// Where signals are read.
    private let notes: Int32
    private var drawn: [String] = []

    /// `nil` if standard input is no terminal.
    init?() {
        let signals = [SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT]
        guard tcgetattr(STDIN_FILENO, &before) == 0, let notes = SignalNotes.descriptor(for: signals) else {
            return nil
        }
        self.notes = notes
    }

    /// The size; 80 × 24 if the terminal does not tell.
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether the terminal is this program's: it is not while a shell has it in the background.
    var isInFront: Bool { tcgetpgrp(STDOUT_FILENO) == getpgrp() }

    /// Takes the terminal: another screen, no cursor, and each key as it is pressed.
    func enter() {
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        raw.c_iflag &= ~tcflag_t(IXON)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
        put("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
        drawn = []
        isEntered = true
    }

    /// Gives it back.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before)
        put("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
    }

    /// Draws the screen, if it is not what is there already.
    func draw(_ lines: [String]) {
        guard lines != drawn else { return }
        drawn = lines
        put("\u{1B}[H" + lines.joined(separator: "\u{1B}[K\r\n") + "\u{1B}[K\u{1B}[J")
    }

    /// Waits for what happens next, a second at most.
    func next() -> Event {
        var sources = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: notes, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&sources, 2, 1_000) > 0 else { return .tick }
        if sources[1].revents != 0 { return note() }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        // The terminal is gone.
        guard count > 0 else { return count < 0 && errno == EINTR ? .tick : .end(signal: SIGHUP) }
        return .keys(TopKey.keys(Array(bytes.prefix(count))))
    }

    private func note() -> Event {
        guard let number = SignalNotes.next(from: notes) else { return .tick }
        switch number {
        case SIGTSTP:
            leave()
            // It stands still here until somebody lets it go on. Sent to this thread: one that is sent to the
            // process can stop another thread first, and this one would take the terminal back meanwhile.
            raise(SIGSTOP)
            enter()
            return .redraw
        case SIGCONT:
            enter()
            return .redraw
        case SIGWINCH:
            drawn = []
            return .redraw
        default: return .end(signal: number)
        }
    }

    private func put(_ text: String) {
        var sink = FileSink.standardOutput
        // A terminal that is gone ends the program at the next key.
        try? sink.write(text)
        try? sink.flush()
    }
}

/// A key, as a terminal sends it.
enum TopKey: Sendable, Hashable {
    case up, down, pageUp, pageDown, first, last
    case enter, escape, backspace
    case character(Character)

    /// The keys that bytes stand for. What is no key is left out.
    static func keys(_ bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = Substring(String(decoding: bytes, as: UTF8.self))
        while let character = rest.popFirst() {
            switch character {
            case "\u{1B}":
                guard let next = rest.first, next == "[" || next == "O" else {
                    keys.append(.escape)
                    continue
                }
                rest.removeFirst()
                // Digits and semicolons, and one more that says which key it is.
                let digits = rest.prefix { $0.isNumber || $0 == ";" }
                rest = rest.dropFirst(digits.count)
                if let final = rest.popFirst(), let key = named(digits, final) { keys.append(key) }
            case "\r", "\n", "\r\n": keys.append(.enter)
            case "\u{7F}", "\u{08}": keys.append(.backspace)
            case _ where character.unicodeScalars.allSatisfy { $0.value < 0x20 }: break
            default: keys.append(.character(character))
            }
        }
        return keys
    }

    private static func named(_ digits: Substring, _ final: Character) -> TopKey? {
        switch (digits, final) {
        case (_, "A"): .up
        case (_, "B"): .down
        case (_, "H"), ("1", "~"), ("7", "~"): .first
        case (_, "F"), ("4", "~"), ("8", "~"): .last
        case ("5", "~"): .pageUp
        case ("6", "~"): .pageDown
        default: nil
        }
    }
}
