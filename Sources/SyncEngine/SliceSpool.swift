import BlazarClient
import Foundation
import LocalFiles

/// Holds the new and changed slices of a list until the list has been read to its end, because they count only then.
///
/// Small amounts stay in memory. Larger ones, such as those of a first import, go to an unnamed file, which disappears
/// when the process ends, however it ends.
struct SliceSpool: ~Copyable {
    /// A slice's length and digest.
    private struct Entry {
        let length: Int
        let digest: UInt64
    }

    private let folder: String
    private let memoryLimit: Int
    private var entries: [Entry] = []
    private var memory: [UInt8] = []
    private var file: FileHandle?
    private var nextEntry = 0
    private var memoryOffset = 0

    /// Makes an empty spool.
    ///
    /// - Parameters:
    ///   - folder: the folder for the file, if one is needed.
    ///   - memoryLimit: how many bytes to keep in memory.
    init(folder: String, memoryLimit: Int = 4 << 20) {
        self.folder = folder
        self.memoryLimit = memoryLimit
    }

    /// The folder of a file; the current folder if the path names none.
    static func folder(beside path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    /// The number of slices.
    var count: Int { entries.count }

    /// Adds a slice.
    mutating func append(_ slice: LeaseSlice) throws {
        entries.append(Entry(length: slice.bytes.count, digest: slice.digest))
        memory.append(contentsOf: slice.bytes)
        if memory.count > memoryLimit { try spill() }
    }

    private mutating func spill() throws {
        let file = try self.file ?? FileHandle(fileDescriptor: UnnamedFile.make(in: folder), closeOnDealloc: true)
        self.file = file
        try file.write(contentsOf: memory)
        memory.removeAll(keepingCapacity: true)
    }

    /// Ends the writing and prepares for reading.
    mutating func rewind() throws {
        guard let file else { return }
        try spill()
        try file.seek(toOffset: 0)
    }

    /// Returns the next slices; an empty array at the end.
    mutating func next(_ most: Int) throws -> [(bytes: [UInt8], digest: UInt64)] {
        let batch = entries[nextEntry..<min(nextEntry + most, entries.count)]
        nextEntry = batch.endIndex
        let length = batch.reduce(0) { $0 + $1.length }
        let bytes: ArraySlice<UInt8>
        if let file {
            bytes = try Self.read(length, from: file)
        } else {
            bytes = memory[memoryOffset..<memoryOffset + length]
            memoryOffset += length
        }
        var offset = bytes.startIndex
        return batch.map { entry in
            let slice = bytes[offset..<offset + entry.length]
            offset += entry.length
            return (Array(slice), entry.digest)
        }
    }

    private static func read(_ length: Int, from file: FileHandle) throws -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while bytes.count < length {
            guard let part = try file.read(upToCount: length - bytes.count), !part.isEmpty else {
                throw CocoaError(.fileReadCorruptFile)
            }
            bytes.append(contentsOf: part)
        }
        return bytes[...]
    }
}
