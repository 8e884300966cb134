/// Why what a person typed about a lease cannot be used.
package enum ArgumentProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// It does not have the form that is expected.
    case usage(String)
    /// It has the form, but what it says is impossible.
    case invalid(String)

    package var description: String {
        switch self {
        case .usage(let message), .invalid(let message): message
        }
    }
}
