import BlazarModel
import FoundationEssentials
import LeaseModel

/// The clock of the sandbox: the machine's, perhaps faster from the start on.
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

    /// Tells the service catalogue where the server is, which is known only once it runs.
    func serve(at origin: String) { model.endpoints = ModelEndpoints(origin: origin) }

    var accounts: [ModelAccount] { model.accounts }

    func answer(_ request: ModelRequest) -> ModelResponse {
        // The machine's clock may be set back; the model's time is never.
        model.handle(request, at: max(clock.now, model.now))
    }
}
