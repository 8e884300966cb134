import LeaseModel

/// Users, projects, tokens and application credentials.
struct Identity: Sendable {
    struct User: Sendable {
        let id: String
        let name: String
        let password: String
        let projectID: String
        let isAdmin: Bool
    }

    struct Project: Sendable {
        let id: String
        let name: String
    }

    struct ApplicationCredential: Sendable {
        let id: String
        let name: String
        let secret: String
        let user: User
        let isUnrestricted: Bool
    }

    struct Token: Sendable {
        let id: String
        let auditID: String
        let methods: [String]
        let user: User
        /// `nil` for a token without a scope.
        let project: Project?
        let credential: ApplicationCredential?
        let issuedAt: Timestamp
        let expiresAt: Timestamp
        var revokedAt: Timestamp?
    }

    let users: [User]
    let projects: [Project]
    var tokens: [String: Token] = [:]
    var credentials: [ApplicationCredential] = []

    static let memberRole = (id: "245d4558594f45d9940a118a90e85fe2", name: "member")
    static let readerRole = (id: "1442214ed8c44ebea248e1781b823fdd", name: "reader")
    static let adminRole = (id: "5d0ad4f4a7f64d0b9f3e9f4f8a7d4c11", name: "admin")
    static let managerRole = (id: "8e7f1c1b0d6a4b6f9c3d2e1f0a9b8c7d", name: "manager")

    static let password = "sandbox-password"

    init() {
        let password = Self.password
        projects = [
            Project(id: "52b4ee7267f044fc8278ea554d8b1451", name: "admin"),
            Project(id: "17d8f03477ff499f8705a39a43bfd9af", name: "project1"),
            Project(id: "e76139c5a5d541998620223a4cf873d8", name: "project2"),
        ]
        users = [
            User(
                id: "0f6bd6f1cb9c4ab8a1f04c2bd8a9e3f1", name: "admin", password: password,
                projectID: projects[0].id, isAdmin: true),
            User(
                id: "2667b024aaa1470ebb475471eac5f450", name: "user1", password: password,
                projectID: projects[1].id, isAdmin: false),
            User(
                id: "54e90ee86f584c35a66211fb40ccd837", name: "user2", password: password,
                projectID: projects[2].id, isAdmin: false),
            User(
                id: "9c41d3e7b8f24f0d8a2b6c5e4f3a1d22", name: "user3", password: password,
                projectID: projects[1].id, isAdmin: false),
        ]
        credentials = [
            ApplicationCredential(
                id: "3c8d689179bb4ea8bdce71af257d7e1c", name: "unrestricted", secret: password, user: users[1],
                isUnrestricted: true),
            ApplicationCredential(
                id: "ce68e98230e8430d9866a92211553f58", name: "restricted", secret: password, user: users[1],
                isUnrestricted: false),
        ]
    }

    func project(id: String) -> Project? { projects.first { $0.id == id } }

    /// The roles that a user has in its project, as a token lists them.
    static func roles(of user: User) -> [JSONValue] {
        let roles = user.isAdmin ? [adminRole, managerRole, memberRole, readerRole] : [memberRole, readerRole]
        return roles.map { ["id": .string($0.id), "name": .string($0.name)] }
    }

    /// The projects that a user can have a token for.
    func projects(of user: User) -> [Project] { projects.filter { $0.id == user.projectID } }
}

/// An account of the model's cloud, for a clouds.yaml.
package struct ModelAccount: Sendable {
    /// How it logs in.
    package enum Proof: Sendable {
        case password(username: String, password: String, project: String)
        case applicationCredential(id: String, secret: String)
    }

    /// The name of its entry in clouds.yaml.
    package let name: String
    package let proof: Proof
}

extension BlazarModel {
    /// Every account: user1 and user3 share a project, user2 has its own, admin sees all.
    package var accounts: [ModelAccount] {
        let people = identity.users.map { user in
            ModelAccount(
                name: user.name,
                proof: .password(
                    username: user.name, password: user.password,
                    project: identity.project(id: user.projectID)?.name ?? ""))
        }
        let credentials = identity.credentials.map { credential in
            ModelAccount(
                name: credential.user.name + (credential.isUnrestricted ? "-appcred" : "-appcred-restricted"),
                proof: .applicationCredential(id: credential.id, secret: credential.secret))
        }
        return people + credentials
    }
}
