import BlazarClient
package import LeaseModel
import OpenStackClient

extension CloudConnection {
    /// When what the cloud is logged in with ends, as far as is known here.
    package var loginEnd: LoginEnd? { ends?.end(of: cloud) }

    /// Asks when the credential ends, and notes it. Whatever goes wrong with that is no failure of anything.
    func noteLoginEnd() async {
        guard let ends, let identity = try? await session.identity() else { return }
        switch cloud.credentials {
        case .applicationCredential(let reference, _):
            let answer = try? await self.identity.end(ofApplicationCredential: reference, user: identity.userID)
            if case .listed(let end)? = answer { ends.note(end, of: cloud) }
        case .token, .federated(_, .accessToken):
            // A token for the project ends when the one does that it was got with.
            ends.note(identity.expiresAt, of: cloud)
        case .password, .totp, .multifactor, .federated: break
        }
    }

    /// A report with a word about a login that is about to end, or has ended.
    func warning(of report: SyncReport, asks: Bool) async -> SyncReport {
        if asks, report.failure == nil { await noteLoginEnd() }
        let now = now()
        // A login that is refused has said so itself.
        guard report.failure != .authentication, let end = loginEnd, now >= end.tellsFrom else { return report }
        var report = report
        report.warnings.append(end.sentence(now: now))
        return report
    }
}
