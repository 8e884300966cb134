import Foundation
import Testing

@testable import LocalFiles

@Suite("Files that are opened past SQLite")
struct LocalFilesTests {
    /// A folder, gone afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(try ResolvedPath.of(folder.path))
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func problem(_ body: () throws(FileProblem) -> Void) -> FileProblem? {
        do throws(FileProblem) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("An unnamed file can be written and read, and leaves nothing in its folder")
    func unnamed() throws {
        try withFolder { folder in
            let file = FileHandle(fileDescriptor: try UnnamedFile.make(in: folder), closeOnDealloc: true)
            try file.write(contentsOf: Data("kept".utf8))
            try file.seek(toOffset: 0)
            #expect(try file.readToEnd() == Data("kept".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            #expect(throws: FileProblem.self) { try UnnamedFile.make(in: folder + "/none") }
        }
    }

    @Test("A path is followed to its file, also to one that is still to be made, and never in a circle")
    func resolution() throws {
        try withFolder { folder in
            try write("x", folder + "/file")
            mkdir(folder + "/real", 0o700)
            symlink("real", folder + "/linked")
            symlink("file", folder + "/link")
            symlink(folder + "/link", folder + "/link2")
            symlink("linked/none", folder + "/dangling")
            symlink("round2", folder + "/round1")
            symlink("round1", folder + "/round2")
            #expect(try ResolvedPath.of(folder + "/link2") == folder + "/file")
            #expect(try ResolvedPath.of(folder + "/linked/../file") == folder + "/file")
            #expect(try ResolvedPath.of(folder + "/dangling") == folder + "/real/none")
            #expect(try ResolvedPath.of(folder + "/linked/new") == folder + "/real/new")
            #expect(try ResolvedPath.of(folder + "/no/such") == folder + "/no/such")
            #expect(problem { () throws(FileProblem) in _ = try ResolvedPath.of(folder + "/round1") } == .system(ELOOP))
            #expect(problem { () throws(FileProblem) in _ = try ResolvedPath.of("") } == .missing)
        }
    }

    @Test("A database's files are known by any name, also those that are not there yet")
    func ownFiles() throws {
        try withFolder { folder in
            let main = folder + "/db.sqlite"
            for ending in ["", "-wal", "-sender-1"] { try write("x\(ending)", main + ending) }
            try write("other", folder + "/other")
            symlink(main, folder + "/link")
            link(main + "-wal", folder + "/hard")
            link(main + "-sender-1", folder + "/hardlock")
            let files = DatabaseFiles(named: folder + "/link")
            #expect(files.main == main)
            let own = [
                "db.sqlite", "link", "db.sqlite-wal", "db.sqlite-journal", "hard", "hardlock", "db.sqlite-sender-9",
            ]
            for name in own {
                #expect(files.contains("\(folder)/\(name)"), "\(name)")
            }
            #expect(!files.contains(folder + "/other"))
            #expect(!files.contains(folder + "/new"))
            #expect(files.isMain(folder + "/link") && !files.isMain(folder + "/hard"))
        }
    }

    @Test("What no file is read from is told as what it is, at once or after a moment")
    func inputs() throws {
        try withFolder { folder in
            try write("hello", folder + "/file")
            mkfifo(folder + "/pipe", 0o600)
            #expect(try InputFile.bytes(of: folder + "/file") == Array("hello".utf8))
            #expect(try InputFile.bytes(of: "/dev/null").isEmpty)
            let cases: [(String, FileProblem)] = [
                ("none", .missing), (".", .wrongKind(.folder)), ("pipe", .silentPipe), ("file/x", .system(ENOTDIR)),
            ]
            for (name, expected) in cases {
                let found = problem { () throws(FileProblem) in _ = try InputFile.bytes(of: "\(folder)/\(name)") }
                #expect(found == expected, "\(name)")
            }
        }
    }

    @Test("A pipe with a writer is read to its end, however slow")
    func slowPipe() throws {
        let pipe = Pipe()
        let writer = Thread {
            for part in ["one ", "two ", "three"] {
                usleep(50_000)
                try? pipe.fileHandleForWriting.write(contentsOf: Data(part.utf8))
            }
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try InputFile.bytes(of: path) == Array("one two three".utf8))
    }

    @Test("A descriptor of a file that SQLite has open is not closed")
    func descriptors() throws {
        try withFolder { folder in
            let main = folder + "/db.sqlite"
            try write("x", main)
            try write("x", main + "-shm")
            /// The descriptor of a file that was read, if it is still open.
            func left(_ path: String) throws -> Int32? {
                let next = dup(0)
                close(next)
                _ = try InputFile.bytes(of: path)
                return FileFacts(descriptor: next)?.identity == FileFacts(path: path)?.identity ? next : nil
            }
            link(main, folder + "/hard")
            var database: OpenDatabase? = OpenDatabase(DatabaseFiles(main: main))
            var open: [Int32] = []
            for name in ["db.sqlite", "db.sqlite-shm", "hard"] {
                open.append(try #require(try left("\(folder)/\(name)"), "\(name)"))
            }
            #expect(database != nil)
            database = nil
            for descriptor in open { #expect(FileFacts(descriptor: descriptor) == nil) }
            #expect(try left(main) == nil)
        }
    }

    @Test("An output replaces files only: no folder, no device, no database, and through links what they lead to")
    func outputs() throws {
        try withFolder { folder in
            let database = DatabaseFiles(main: folder + "/db.sqlite")
            func output(_ name: String, _ text: String) -> FileProblem? {
                problem { () throws(FileProblem) in
                    let file = try OutputFile(path: "\(folder)/\(name)", besides: database)
                    try file.write(Array(text.utf8))
                    try file.finish()
                }
            }
            func text(_ name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
            try write("data", folder + "/db.sqlite")
            try write("old", folder + "/file")
            chmod(folder + "/file", 0o640)
            try write("SQLite format 3\0", folder + "/other.sqlite")
            link(folder + "/db.sqlite", folder + "/hard")
            symlink("file", folder + "/link")
            symlink("/dev/null", folder + "/null")
            mkdir(folder + "/folder", 0o700)
            mkfifo(folder + "/pipe", 0o600)
            #expect(output("link", "new") == nil)
            #expect(text("file") == "new")
            #expect(FileFacts(path: folder + "/file")?.permissions == 0o640)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "file")
            #expect(output("null", "gone") == nil)
            #expect(FileFacts(path: "/dev/null")?.kind == .characterDevice)
            #expect(output("folder", "x") == .wrongKind(.folder))
            #expect(output("pipe", "x") == .unreadPipe)
            for name in ["db.sqlite", "hard", "db.sqlite-wal"] {
                #expect(output(name, "x") == .database(database.main), "\(name)")
            }
            #expect(output("other.sqlite", "x") == .database(folder + "/other.sqlite"))
            #expect(text("db.sqlite") == "data")
            #expect(text("other.sqlite") == "SQLite format 3\0")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".part") })
        }
    }

    @Test("A lock has one holder, and needs a file of its own")
    func locks() throws {
        try withFolder { folder in
            mkdir(folder + "/folder", 0o700)
            mkfifo(folder + "/pipe", 0o600)
            symlink("lock", folder + "/link")
            guard let first = try LockFile(path: folder + "/lock") else {
                Issue.record("a free lock is not given")
                return
            }
            if let _ = try LockFile(path: folder + "/lock") { Issue.record("a lock is given twice") }
            for name in ["folder", "pipe", "link"] {
                let found = problem { () throws(FileProblem) in _ = try LockFile(path: "\(folder)/\(name)") }
                #expect(found != nil, "\(name)")
            }
            withExtendedLifetime(first) {}
        }
    }
}
