package import LeaseModel

/// What came of asking for something that a site may not offer, or not to everybody.
package enum Offered<Value: Sendable>: Sendable {
    /// Here it is.
    case listed(Value)
    /// The site has it, but not for these credentials (403): Blazar's default policy for hosts.
    case forbidden(ServerFailure)
    /// The site does not have it: no such service in the catalogue, or no such URL (404, 405).
    case notOffered
    /// It could not be found out. What is known from before stays.
    case failed(ServerFailure)

    /// The value, if there is one.
    package var value: Value? {
        if case .listed(let value) = self { value } else { nil }
    }

    /// The same outcome with another value.
    package func map<Other: Sendable>(_ transform: (Value) -> Other) -> Offered<Other> {
        switch self {
        case .listed(let value): .listed(transform(value))
        case .forbidden(let failure): .forbidden(failure)
        case .notOffered: .notOffered
        case .failed(let failure): .failed(failure)
        }
    }

    /// Sorts a refusal: 403 and 404 in the service's own words are answers.
    init(refusal failure: ServerFailure) {
        switch failure.category {
        case .forbidden: self = .forbidden(failure)
        case .notFound, .notOffered: self = .notOffered
        default: self = .failed(failure)
        }
    }
}

extension Offered: Equatable where Value: Equatable {}
