import LeaseModel

// Nova: flavors, including those of reservations; availability zones; aggregates.
extension BlazarModel {
    mutating func nova(_ request: ModelRequest, _ path: String) -> ModelResponse {
        guard let token = validToken(request), let project = token.project else { return novaUnauthorized() }
        let version = novaMicroversion(request)
        let parts = path.split(separator: "/").map(String.init)
        guard request.method == "GET" else { return novaError(404, "itemNotFound", "Not Found", version) }
        switch parts {
        case []: return novaJSON(["version": novaVersion], version)
        case ["flavors"]:
            let flavors = visibleFlavors(project).map { flavor -> JSONValue in
                let members = flavor.members.filter { ["id", "name", "links"].contains($0.key) }
                return .object(JSONObject(members.map { ($0.key, $0.value) }))
            }
            return novaJSON(["flavors": .array(flavors)], version)
        case ["flavors", "detail"]:
            let flavors = visibleFlavors(project).map { JSONValue.object(shown($0, version)) }
            return novaJSON(["flavors": .array(flavors)], version)
        case ["servers"], ["servers", "detail"]: return novaJSON(["servers": []], version)
        case ["os-availability-zone"]: return novaJSON(["availabilityZoneInfo": .array(zones())], version)
        case ["os-aggregates"]:
            guard token.user.isAdmin else {
                return novaError(
                    403, "forbidden",
                    "Policy doesn't allow os_compute_api:os-aggregates:index to be performed.", version)
            }
            return novaJSON(["aggregates": []], version)
        case _ where parts.first == "flavors" && parts.count <= 3:
            let id = parts[1]
            guard let flavor = visibleFlavors(project).first(where: { $0["id"] == .string(id) }) else {
                return novaError(404, "itemNotFound", "Flavor \(id) could not be found.", version)
            }
            guard parts.count == 3 else { return novaJSON(["flavor": .object(shown(flavor, version))], version) }
            return novaJSON(["extra_specs": flavor["extra_specs"] ?? [:]], version)
        default: return novaError(404, "itemNotFound", "The resource could not be found.", version)
        }
    }

    mutating func novaVersions() -> ModelResponse { .json(200, ["versions": [novaVersion]]) }

    private var novaVersion: JSONValue {
        [
            "id": "v2.1", "status": "CURRENT", "version": "2.100", "min_version": "2.1",
            "updated": "2013-07-23T11:33:21Z",
            "links": [["rel": "self", "href": .string(endpoints.compute + "/")]],
        ]
    }

    /// The minor number of the requested microversion; 1 by default.
    private func novaMicroversion(_ request: ModelRequest) -> Int {
        var asked = request.header("X-OpenStack-Nova-API-Version") ?? "2.1"
        let words = (request.header("OpenStack-API-Version") ?? "").split(separator: " ").map(String.init)
        if words.count == 2, words[0] == "compute" { asked = words[1] }
        if asked == "latest" { return 100 }
        return asked.hasPrefix("2.") ? Int(asked.dropFirst(2)) ?? 1 : 1
    }

    private mutating func novaHeaders(_ version: Int) -> [(name: String, value: String)] {
        let id = requestIDHeader()
        return [
            ("OpenStack-API-Version", "compute 2.\(version)"), ("X-OpenStack-Nova-API-Version", "2.\(version)"),
            ("Vary", "OpenStack-API-Version"), ("Vary", "X-OpenStack-Nova-API-Version"), id,
            ("x-compute-request-id", id.value),
        ]
    }

    private mutating func novaJSON(_ value: JSONValue, _ version: Int) -> ModelResponse {
        .json(200, value, headers: novaHeaders(version))
    }

    private mutating func novaError(_ status: Int, _ name: String, _ message: String, _ version: Int) -> ModelResponse {
        let fault: JSONValue = ["code": JSONValue(status), "message": .string(message)]
        let body = JSONValue.object(JSONObject([(name, fault)]))
        return ModelResponse(
            status: status, headers: [("Content-Type", "application/json; charset=UTF-8")] + novaHeaders(version),
            chunks: [body.pythonBytes])
    }

    private mutating func novaUnauthorized() -> ModelResponse {
        let body: JSONValue = [
            "error": ["code": 401, "title": "Unauthorized", "message": .string(Self.unauthorizedMessage)]
        ]
        return .json(401, body, headers: [authenticateHeader, requestIDHeader()])
    }

    /// A flavor as Nova's first microversion shows it.
    func novaFlavor(_ flavor: Inventory.Flavor, isPublic: Bool = true) -> JSONObject {
        let bookmark = endpoints.compute.replacingSuffix("/v2.1", with: "")
        return [
            "id": .string(flavor.id), "name": .string(flavor.name), "ram": JSONValue(flavor.memoryMB),
            "disk": JSONValue(flavor.diskGB), "swap": "", "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": false, "vcpus": JSONValue(flavor.vcpus),
            "os-flavor-access:is_public": .bool(isPublic), "rxtx_factor": .number(JSONNumber(1.0) ?? JSONNumber(1)),
            "links": [
                ["rel": "self", "href": .string(endpoints.compute + "/flavors/" + flavor.id)],
                ["rel": "bookmark", "href": .string(bookmark + "/flavors/" + flavor.id)],
            ],
        ]
    }

    /// Every flavor that a project sees: the public ones, and those of its active reservations.
    private func visibleFlavors(_ project: Identity.Project) -> [JSONObject] {
        var flavors = inventory.flavors.map { flavor -> JSONObject in
            var object = novaFlavor(flavor)
            object["extra_specs"] = [:]
            return object
        }
        for (lease, reservation) in activeReservations() where lease.projectID == project.id {
            guard case .instance(let instance) = reservation.detail else { continue }
            var object = novaFlavor(
                Inventory.Flavor(
                    id: reservation.id, name: "reservation:" + reservation.id, vcpus: instance.vcpus,
                    memoryMB: instance.memoryMB, diskGB: instance.diskGB), isPublic: false)
            let resourceClass = reservation.id.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
            object["extra_specs"] = .object(
                JSONObject([
                    ("aggregate_instance_extra_specs:reservation", .string(reservation.id)),
                    ("resources:CUSTOM_RESERVATION_" + resourceClass, "1"),
                ]))
            flavors.append(object)
        }
        return flavors
    }

    /// The active reservations that have resources, each once.
    func activeReservations() -> [(lease: LeaseRecord, reservation: ReservationRecord)] {
        var seen: Set<String> = []
        return allocations.current.compactMap { allocation in
            guard seen.insert(allocation.reservationID).inserted, let lease = leases[allocation.leaseID],
                let reservation = lease.reservations.first(where: { $0.id == allocation.reservationID }),
                reservation.status == .active
            else { return nil }
            return (lease, reservation)
        }
    }

    private func shown(_ flavor: JSONObject, _ version: Int) -> JSONObject {
        var shown = flavor
        let extraSpecs = shown.remove("extra_specs")
        if version >= 55 { shown["description"] = .null }
        if version >= 61 { shown["extra_specs"] = extraSpecs }
        return shown
    }

    private func zones() -> [JSONValue] {
        let reserved = activeReservations().filter { _, reservation in
            if case .host = reservation.detail { true } else { false }
        }.map { "blazar_" + $0.reservation.id }
        return (reserved.sorted() + ["nova"]).map {
            ["zoneName": .string($0), "zoneState": ["available": true], "hosts": nil]
        }
    }
}

extension String {
    func replacingSuffix(_ suffix: String, with replacement: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + replacement : self
    }
}
