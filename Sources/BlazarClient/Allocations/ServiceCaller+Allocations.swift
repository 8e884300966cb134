internal import LeaseModel
internal import OpenStackClient

extension ServiceCaller {
    /// Asks for a list of allocations: `{"allocations": [{"resource_id": "…", "reservations": [{…}]}]}`.
    ///
    /// Blazar lists an instance reservation once for each instance on the host; it is given once here.
    func allocations(_ request: ServiceRequest, kind: ResourceKind) async throws(ServiceError) -> Offered<[Allocation]>
    {
        let perResource = try await list(request, member: "allocations") { object -> [Allocation]? in
            let idValue = object["resource_id"]
            guard let id = idValue?.stringValue ?? idValue?.intValue.map(String.init),
                let reservations = object["reservations"]?.arrayValue
            else { return nil }
            var allocations: [Allocation] = []
            for reservation in reservations {
                guard let fields = reservation.objectValue,
                    let allocation = Allocation(resourceKind: kind, resourceID: id, json: fields)
                else { return nil }
                if !allocations.contains(allocation) { allocations.append(allocation) }
            }
            return allocations
        }
        return perResource.map { $0.flatMap(\.self) }
    }
}
