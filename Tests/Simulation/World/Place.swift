import LeaseModel

/// Where an entry of clouds.yaml leads: a region, with an account's credentials.
struct Place: Sendable, Hashable {
    var region: Region
    var account: String

    /// The project of the account.
    var project: String {
        switch account {
        case "admin": "admin"
        case "user2": "project2"
        default: "project1"
        }
    }
}

extension Place {
    /// Where writes for a scope can be sent from: with the given account if it is in the scope's project.
    init(of scope: Scope, as account: String) {
        region = Region(of: scope)
        self.account = account
        if project != scope.projectName,
            let other = ["user1", "user2", "admin"].first(where: {
                Place(region: region, account: $0).project == scope.projectName
            })
        {
            self.account = other
        }
    }
}

/// A region of the simulated cloud. Both share one Keystone, and each has its own Blazar.
package enum Region: Int, Sendable, Hashable, CaseIterable {
    case one, two

    /// The name in the catalog.
    var name: String { self == .one ? "RegionOne" : "RegionTwo" }
    /// The prefix of its request paths.
    var path: String { self == .one ? "" : "/two" }
    var other: Region { self == .one ? .two : .one }

    /// The region of a scope; a scope without one is in the first.
    init(of scope: Scope) { self = Region.allCases.first { $0.name == scope.region } ?? .one }
}

/// Where a write goes or was to go; no other place may get it.
struct Destination: Sendable, Hashable {
    let region: String
    let projectID: String
}
