package import LeaseModel

extension Mutation {
    /// The creation with other values in its draft. What it waits for changes too: each request that will do gets the
    /// same values, but keeps its own properties of resources, and a new start is the earliest from then on.
    ///
    /// - Parameter fields: the fields, as in the body of a PUT.
    /// - Returns: the creation.
    package func amended(by fields: JSONObject) -> Mutation {
        var next = self
        next.body = LeaseFields.merge(fields, intoDraft: body, localID: localID ?? "")
        next.leaseName = next.body["name"]?.stringValue ?? leaseName
        guard var terms = waiting else { return next }
        let shared = Self.withoutProperties(fields)
        for index in terms.choices.indices {
            var draft = body
            draft["reservations"] = .array(terms.choices[index].reservations.map(JSONValue.object))
            let merged = LeaseFields.merge(
                index == terms.current ? fields : shared, intoDraft: draft, localID: localID ?? "")
            terms.choices[index].reservations = (merged["reservations"]?.arrayValue ?? []).compactMap(\.objectValue)
        }
        if let start = fields["start_date"]?.stringValue { terms.earliest = Timestamp(parsing: start) }
        next.waiting = terms
        return next
    }

    /// The fields without the properties by which resources are chosen: they are what the requests differ in.
    private static func withoutProperties(_ fields: JSONObject) -> JSONObject {
        guard let reservations = fields["reservations"]?.arrayValue else { return fields }
        var shared = fields
        shared["reservations"] = .array(
            reservations.map { reservation in
                guard var changed = reservation.objectValue else { return reservation }
                for property in ["resource_properties", "hypervisor_properties"] { changed[property] = nil }
                return .object(changed)
            })
        return shared
    }
}
