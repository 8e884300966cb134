/// The leases of a saved file, in whichever of the usual forms.
///
/// Read are what `openstack reservation lease list -f json` and `lease show -f json` print, Blazar's own answers
/// (`{"leases": […]}`, `{"lease": {…}}`), arrays of leases, one JSON value a line, and what `leasehold list -f json`,
/// `show -f json` and `history --states -f json` print.
public struct SavedLeases: Sendable, Hashable {
    /// The leases, in the order of the file; one may occur several times.
    public private(set) var leases: [SavedLease] = []
    /// How many entries were passed over: leases that were only queued, or gone.
    public private(set) var passedOver = 0

    /// Reads the bytes of a file.
    ///
    /// - Throws: ``SavedLeasesError`` if any of it cannot be read: half a file is not believed.
    public init(parsing bytes: [UInt8]) throws(SavedLeasesError) {
        let values: [JSONValue]
        do {
            values = try JSONValue.sequence(parsing: bytes)
        } catch {
            throw SavedLeasesError(description: "it is \(error)")
        }
        guard !values.isEmpty else { throw SavedLeasesError(description: "it is empty") }
        for value in values { try add(value, isList: false) }
    }

    private mutating func add(_ value: JSONValue, isList: Bool) throws(SavedLeasesError) {
        switch value {
        case .array(let items) where !isList:
            for item in items { try add(item, isList: true) }
        case .object(let object):
            do throws(LeaseDecodingError) {
                try add(object)
            } catch {
                throw SavedLeasesError(description: "\(error)")
            }
        default:
            throw SavedLeasesError(description: "it holds \(Self.article(value.kind)) where a lease should be")
        }
    }

    private mutating func add(_ object: JSONObject) throws(LeaseDecodingError) {
        if let list = object["leases"]?.arrayValue {
            for item in list {
                guard let lease = item.objectValue else {
                    throw LeaseDecodingError(leaseID: nil, field: "leases", problem: "holds a \(item.kind)")
                }
                try keep(SavedLease(json: lease))
            }
        } else if let lease = object["lease"]?.objectValue {
            let isState = object["observed_at"] != nil
            if isState { try keep(SavedLease(state: object)) } else { try keep(SavedLease(json: lease)) }
        } else {
            try keep(SavedLease(json: object))
        }
    }

    private mutating func keep(_ lease: SavedLease?) {
        if let lease { leases.append(lease) } else { passedOver += 1 }
    }

    private static func article(_ kind: String) -> String {
        switch kind {
        case "null": "null"
        case "object", "array": "an \(kind)"
        default: "a \(kind)"
        }
    }
}

/// Why a file is not one of saved leases.
public struct SavedLeasesError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}
