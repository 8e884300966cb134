import Foundation
import Synchronization

/// Another program, run to its end with a limit on its time.
///
/// It runs in a process group of its own, so that a shell's children are stopped with it.
struct ChildProcess: Sendable {
    /// How a program ended.
    enum End: Sendable, Hashable {
        case exited(Int32)
        case killed(Int32)
        /// It took too long, and was stopped.
        case timedOut
        /// It could not be started, for this reason.
        case notStarted(String)
    }

    struct Result: Sendable {
        var end: End
        var output: [UInt8] = []
        var errors: [UInt8] = []

        /// The first line of its standard error.
        var complaint: String {
            let line = errors.drop { [0x0A, 0x0D, 0x20].contains($0) }.prefix { $0 != 0x0A && $0 != 0x0D }
            return String(String(decoding: line, as: UTF8.self).prefix(200))
        }
    }

    let arguments: [String]
    let environment: [String: String]

    /// How much is kept of what a program writes to each of its outputs, in bytes. The rest is read and dropped.
    private static let keptBytes = 64 << 10

    /// Runs it.
    ///
    /// - Parameters:
    ///   - input: its standard input.
    ///   - seconds: how long it may take.
    /// - Returns: how it ended, and what it wrote.
    func run(input: [UInt8] = [], seconds: Double) async -> Result {
        await withCheckedContinuation { continuation in
            // A program that reads no input makes writing fail with SIGPIPE, which this thread can block for itself.
            let thread = Thread { continuation.resume(returning: runHere(input: input, seconds: seconds)) }
            thread.name = "leasehold.child"
            thread.start()
        }
    }

    private func runHere(input: [UInt8], seconds: Double) -> Result {
        var blocked = sigset_t()
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &blocked, nil)
        let started: (child: pid_t, input: Int32, output: Int32, errors: Int32)
        switch Self.starting.withLock({ _ in start() }) {
        case .success(let ends): started = ends
        case .failure(let problem): return Result(end: .notStarted(String(cString: strerror(problem.code))))
        }
        var conversation = Conversation(
            input: input, inputEnd: started.input, outputEnd: started.output, errorEnd: started.errors)
        let end = conversation.hold(with: started.child, seconds: seconds)
        return Result(end: end, output: conversation.output, errors: conversation.errors)
    }

    /// Only one program is started at a time, so that none inherits another one's pipes.
    private static let starting = Mutex(())

    private struct SystemProblem: Error {
        let code: Int32
    }

    private func start() -> Swift.Result<(child: pid_t, input: Int32, output: Int32, errors: Int32), SystemProblem> {
        guard let input = Pipe() else { return .failure(SystemProblem(code: errno)) }
        guard let output = Pipe() else {
            input.close()
            return .failure(SystemProblem(code: errno))
        }
        guard let errors = Pipe() else {
            input.close()
            output.close()
            return .failure(SystemProblem(code: errno))
        }
        var child: pid_t = 0
        let problem = spawn(&child, input, output, errors)
        for end in [input.read, output.write, errors.write] { close(end) }
        guard problem == 0 else {
            for end in [input.write, output.read, errors.read] { close(end) }
            return .failure(SystemProblem(code: problem))
        }
        return .success((child, input.write, output.read, errors.read))
    }

    private func spawn(_ child: inout pid_t, _ input: Pipe, _ output: Pipe, _ errors: Pipe) -> Int32 {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for word in words + variables { free(word) }
        }
        return posix_spawnp(&child, arguments.first ?? "", &actions, &attributes, &words, &variables)
    }

    /// The two ends of a pipe, which no other program inherits.
    private struct Pipe {
        let read: Int32
        let write: Int32

        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (read, write) = (ends[0], ends[1])
        }

        func close() {
            _ = [read, write].map(closeDescriptor)
        }
    }

    /// Writes a program's input and reads its outputs until it ends.
    private struct Conversation {
        private let input: [UInt8]
        private var written = 0
        private var inputEnd: Int32
        private var outputEnd: Int32
        private var errorEnd: Int32
        private(set) var output: [UInt8] = []
        private(set) var errors: [UInt8] = []

        init(input: [UInt8], inputEnd: Int32, outputEnd: Int32, errorEnd: Int32) {
            self.input = input
            self.inputEnd = inputEnd
            self.outputEnd = outputEnd
            self.errorEnd = errorEnd
            for end in [inputEnd, outputEnd, errorEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        }

        mutating func hold(with child: pid_t, seconds: Double) -> End {
            defer { for end in [inputEnd, outputEnd, errorEnd] where end >= 0 { close(end) } }
            let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
            while true {
                exchange()
                var status: Int32 = 0
                let ended = waitpid(child, &status, WNOHANG)
                if ended == child {
                    // Its own children may hold the pipes open, so only what is there is read.
                    exchange()
                    // What it left running has no terminal and no reader.
                    kill(-child, SIGKILL)
                    let signal = status & 0x7F
                    return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal)
                }
                if ended < 0, errno != EINTR { return .notStarted(String(cString: strerror(errno))) }
                guard ContinuousClock.now < deadline else {
                    kill(-child, SIGKILL)
                    kill(child, SIGKILL)
                    while waitpid(child, &status, 0) < 0, errno == EINTR {}
                    return .timedOut
                }
            }
        }

        private mutating func exchange() {
            var waits = [pollfd(fd: outputEnd, events: Int16(POLLIN), revents: 0)]
            waits.append(pollfd(fd: errorEnd, events: Int16(POLLIN), revents: 0))
            if inputEnd >= 0 { waits.append(pollfd(fd: inputEnd, events: Int16(POLLOUT), revents: 0)) }
            _ = poll(&waits, nfds_t(waits.count), 20)
            write()
            Self.read(&outputEnd, into: &output)
            Self.read(&errorEnd, into: &errors)
        }

        private mutating func write() {
            guard inputEnd >= 0 else { return }
            while written < input.count {
                let count = input.withUnsafeBytes { bytes in
                    systemWrite(inputEnd, UnsafeRawBufferPointer(rebasing: bytes[written...]))
                }
                if count >= 0 { written += count } else if errno == EAGAIN { return } else if errno != EINTR { break }
            }
            close(inputEnd)
            inputEnd = -1
        }

        private static func read(_ end: inout Int32, into kept: inout [UInt8]) {
            guard end >= 0 else { return }
            var part = [UInt8](repeating: 0, count: 8_192)
            while true {
                let count = systemRead(end, &part)
                if count > 0 {
                    kept += part.prefix(min(count, ChildProcess.keptBytes - kept.count))
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    guard count == 0 else { return }
                    close(end)
                    end = -1
                    return
                }
            }
        }
    }
}

// Separate names are needed, because the methods hide the system's functions.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
private func systemRead(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int { read(descriptor, &bytes, bytes.count) }
private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
