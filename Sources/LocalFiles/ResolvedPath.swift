#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The one path of a file, however it was reached.
package enum ResolvedPath {
    /// Follows every symbolic link, also one to a file that is still to be made.
    ///
    /// - Parameter path: from the current folder unless it is absolute.
    /// - Returns: an absolute path. If a folder on the way is missing, the links before it are not followed.
    /// - Throws: ``FileProblem`` for an empty name, and for links that lead in a circle.
    package static func of(_ path: String) throws(FileProblem) -> String {
        guard !path.isEmpty else { throw .missing }
        var current = path
        // As many links as Linux follows.
        for _ in 0..<40 {
            if let real = existing(current) { return real }
            guard errno == ENOENT else {
                if errno == ELOOP { throw .system(ELOOP) }
                return absolute(current)
            }
            let (folder, name) = split(current)
            guard let target = linkTarget(current) else {
                guard !name.isEmpty, let real = existing(folder) else { return absolute(current) }
                return real == "/" ? "/\(name)" : "\(real)/\(name)"
            }
            current = target.hasPrefix("/") ? target : "\(folder)/\(target)"
        }
        throw .system(ELOOP)
    }

    private static func existing(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = existing(".") else { return path }
        return folder == "/" ? "/\(path)" : "\(folder)/\(path)"
    }
}
