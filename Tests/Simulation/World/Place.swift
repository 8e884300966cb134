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

/// A region of the simulated cloud. Both share one Keystone, and each has its own Blazar.
package enum Region: Int, Sendable, Hashable, CaseIterable {
    case one, two

    /// The name in the catalog.
    var name: String { self == .one ? "RegionOne" : "RegionTwo" }
    /// The prefix of its request paths.
    var path: String { self == .one ? "" : "/two" }
    var other: Region { self == .one ? .two : .one }
}

/// Where a write goes or was to go; no other place may get it.
struct Destination: Sendable, Hashable {
    let region: String
    let projectID: String
}
