package import LeaseModel
package import OpenStackClient

extension ComputeAPI {
    /// From this version on Nova lists each flavor with its extra specs, which say what reservation it belongs to.
    private static var inlineExtraSpecs: HTTPFields {
        ["OpenStack-API-Version": "compute 2.61", "X-OpenStack-Nova-API-Version": "2.61"]
    }

    /// The flavors that the token sees: public ones, and those of its project's flavor and instance reservations, whose
    /// id is the reservation's.
    ///
    /// With their extra specs, unless Nova is older than microversion 2.61 (Queens).
    package func flavors() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        let outcome = try await flavors(headers: Self.inlineExtraSpecs)
        guard case .failed(let failure) = outcome, failure.status == 406 else { return outcome }
        return try await flavors(headers: [:])
    }

    private func flavors(headers: HTTPFields) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        let request = ServiceRequest(.compute, "GET", FlavorPaths.all, headers: headers)
        return try await caller.resources(request, member: "flavors", kind: .flavor)
    }
}
