import BlazarClient
package import LeaseModel
import OpenStackClient

/// Checks step by step whether a cloud can be used.
package struct CloudCheck: Sendable {
    private let connection: CloudConnection

    package init(connection: CloudConnection) { self.connection = connection }

    /// Describes the configuration, without contacting the cloud.
    ///
    /// - Parameter step: the name of the step in the findings.
    /// - Returns: the findings.
    package func configuration(_ step: String = "configuration") -> [Diagnosis] {
        let (name, cloud) = (connection.name, connection.cloud)
        let parts = [
            "\(cloud.authType) at \(cloud.authURL)", cloud.project.map { "project \($0.text)" },
            cloud.region.map { "region \($0)" },
            cloud.overriddenBy.isEmpty ? nil : "by \(cloud.overriddenBy.joined(separator: ", "))",
        ]
        var findings = [
            Diagnosis(
                subject: name, step: step, verdict: .good,
                message: parts.compactMap { $0 }.joined(separator: ", "))
        ]
        findings += cloud.warnings.map {
            Diagnosis(subject: name, step: step, verdict: .warning, message: $0)
        }
        return findings
    }

    /// Runs all steps until one fails. A failure is the last finding.
    package func run() async -> [Diagnosis] {
        let name = connection.name
        var findings = configuration()
        if !connection.cloud.tls.verifiesServer {
            findings.append(
                Diagnosis(
                    subject: name, step: "security", verdict: .warning,
                    message: "The server's certificate is not verified (verify: false)."))
        }
        do throws(ServiceError) {
            let identity = try await connection.session.identity()
            findings += steps()
            let scope = identity.seesAllProjects ? ", sees every project's leases" : ""
            findings.append(
                Diagnosis(
                    subject: name, step: "login", verdict: .good,
                    message: "user \(identity.userName), project \(identity.projectName)\(scope)"))
            await connection.noteLoginEnd()
            if let end = connection.loginEnd {
                let now = connection.now()
                findings.append(
                    Diagnosis(
                        subject: name, step: "login", verdict: now >= end.tellsFrom ? .warning : .good,
                        message: end.sentence(now: now)))
            }
            if identity.isApplicationCredential {
                findings.append(
                    Diagnosis(
                        subject: name, step: "login", verdict: .warning,
                        message: """
                            An application credential can read, change and delete leases, but many sites answer its \
                            creations with a bare 500: Blazar cannot make a Keystone trust with it.
                            """))
            }
            // No lease has this id, so a 404 from Blazar itself proves that Blazar is there and answers.
            switch try await connection.blazar.lease(id: "00000000-0000-0000-0000-000000000000") {
            case .gone, .lease:
                let clock = connection.clockDifference.map { ", its clock is \($0)" } ?? ""
                findings.append(
                    Diagnosis(
                        subject: name, step: "reservation service", verdict: .good, message: "Blazar answers\(clock)"))
                if let remark = connection.clockRemark {
                    findings.append(Diagnosis(subject: name, step: "clock", verdict: .warning, message: remark))
                }
            case .failed(let failure):
                findings.append(
                    Diagnosis(
                        subject: name, step: "reservation service", verdict: .bad,
                        message: failure.sentence(operation: "asking Blazar")))
            }
        } catch {
            let step: String
            if let failed = connection.session.loginSteps.last(where: { $0.finding == nil }) {
                findings += steps()
                step = failed.step.rawValue
            } else {
                step = error.kind == .authentication ? "login" : error.kind == .noEndpoint ? "catalog" : "network"
            }
            findings.append(Diagnosis(subject: name, step: step, verdict: .bad, message: error.message))
        }
        return findings
    }

    /// The findings about the steps of the login that were carried out.
    private func steps() -> [Diagnosis] {
        connection.session.loginSteps.flatMap { entry -> [Diagnosis] in
            guard connection.cloud.credentials.login != nil, let finding = entry.finding else { return [] }
            let step = entry.step.rawValue
            let done = Diagnosis(subject: connection.name, step: step, verdict: .good, message: finding)
            let warning = entry.warning.map {
                Diagnosis(subject: connection.name, step: step, verdict: .warning, message: $0)
            }
            return [done] + (warning.map { [$0] } ?? [])
        }
    }
}
