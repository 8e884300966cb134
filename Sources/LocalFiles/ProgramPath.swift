#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where programs are.
package enum ProgramPath {
    /// Finds a program in the folders of `PATH`.
    ///
    /// - Parameters:
    ///   - name: the program.
    ///   - environment: the variables. Without `PATH`, the folders are those that a system has at least.
    /// - Returns: the path; `nil` if there is no such program.
    package static func find(_ name: String, environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").lazy.map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}
