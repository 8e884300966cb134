import Foundation
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Writing to files")
struct FileSinkTests {
    @Test func buffersAndWritesAll() throws {
        let pipe = Pipe()
        var sink = FileSink(descriptor: pipe.fileHandleForWriting.fileDescriptor, bufferSize: 8)
        try sink.write("abc")
        try sink.write("défghi")
        try sink.write("j")
        try sink.flush()
        try pipe.fileHandleForWriting.close()
        #expect(try pipe.fileHandleForReading.readToEnd() == Data("abcdéfghij".utf8))
    }

    #if os(Linux)
        @Test func fullDiskIsAnError() throws {
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            var sink = FileSink(descriptor: full.fileDescriptor)
            try sink.write("abc")
            let error = #expect(throws: OutputError.self) { try sink.flush() }
            #expect(error?.exitStatus == .outputFailed)
            #expect(error?.description.contains("No space left") == true)
        }
    #endif
}
