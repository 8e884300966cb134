#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The path of a file with all symbolic links resolved.
package enum ResolvedPath {
    /// Follows every symbolic link, including a link to a file that does not exist yet.
    ///
    /// - Parameter path: an absolute path, or one relative to the current folder.
    /// - Returns: an absolute path. If a folder on the way is missing, the links before it are not followed.
    /// - Throws: ``FileProblem`` for an empty name, and for links that form a circle.
    package static func of(_ path: String) throws(FileProblem) -> String {
        guard !path.isEmpty else { throw .missing }
        var current = path
        // Linux follows 40 links too.
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
