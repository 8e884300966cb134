import BlazarModel
import FoundationEssentials

/// A clouds.yaml with an entry for each of the sandbox's accounts.
struct CloudsFile: Sendable {
    let path: String

    /// Writes the file, replacing an existing one, readable only for its owner.
    func write(_ accounts: [ModelAccount], origin: String) throws {
        let text = Self.text(accounts, origin: origin)
        let manager = FileManager.default
        if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
        guard
            manager.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
    }

    static func text(_ accounts: [ModelAccount], origin: String) -> String {
        var lines = ["# Written by leasehold-sandbox; the accounts exist on loopback only.", "clouds:"]
        for account in accounts {
            lines.append("  \(account.name):")
            var auth = ["auth_url: \(origin)/identity/v3"]
            switch account.proof {
            case .password(let username, let password, let project):
                lines.append("    auth_type: password")
                auth += [
                    "username: \(username)", "password: \(password)", "project_name: \(project)",
                    "user_domain_name: Default", "project_domain_name: Default",
                ]
            case .applicationCredential(let id, let secret):
                lines.append("    auth_type: v3applicationcredential")
                auth += ["application_credential_id: \(id)", "application_credential_secret: \(secret)"]
            }
            lines.append("    auth:")
            lines += auth.map { "      " + $0 }
            lines += ["    region_name: RegionOne", "    identity_api_version: 3", "    interface: public"]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
