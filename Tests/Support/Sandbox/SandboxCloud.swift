import BlazarModel
import FoundationEssentials
import LeaseModel

/// The sandbox's clock: the machine's, or a faster one from the start on.
struct SandboxClock: Sendable {
    private let startedAt = Date().timeIntervalSince1970
    private let speed: Double

    init(speed: Double) { self.speed = speed }

    var now: Timestamp {
        let passed = (Date().timeIntervalSince1970 - startedAt) * speed
        return Timestamp(secondsSince1970: Int64(startedAt + passed))
    }
}

/// The one model that all connections share.
actor SandboxCloud {
    private var model: BlazarModel
    private let clock: SandboxClock

    init(model: BlazarModel, clock: SandboxClock) {
        self.model = model
        self.clock = clock
    }

    /// Sets the server's address in the service catalog, which is known only once it runs.
    func serve(at origin: String) { model.endpoints = ModelEndpoints(origin: origin) }

    var accounts: [ModelAccount] { model.accounts }

    func answer(_ request: ModelRequest) -> ModelResponse {
        // The machine's clock may be set back; the model's time never is.
        model.handle(request, at: max(clock.now, model.now))
    }
}
