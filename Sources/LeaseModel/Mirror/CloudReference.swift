/// One configured cloud: an entry of clouds.yaml, or the environment's, and the region if the entry has several.
///
/// This is what a cloud is looked up by. What people are shown may be called otherwise: the cloud of the `OS_*`
/// variables is shown as its region, which is no name that anything can be found by.
public struct CloudReference: Sendable, Hashable, CustomStringConvertible {
    /// The entry's name; `envvars`, unless `OS_CLOUD_NAME` says otherwise, for the environment's cloud.
    public let entry: String
    /// Which of the entry's regions; `nil` if it has no choice of them.
    public let region: String?

    /// Makes a reference from its parts.
    public init(entry: String, region: String? = nil) {
        self.entry = entry
        self.region = region
    }

    /// Whether it is the other, or the whole entry of which the other is a region.
    package func stands(for other: CloudReference) -> Bool {
        self == other || (region == nil && entry == other.entry)
    }

    /// What `--os-cloud` takes for it: `ENTRY`, or `ENTRY/REGION`.
    public var description: String { region.map { "\(entry)/\($0)" } ?? entry }
}

/// Which clouds to talk to.
public enum Clouds: Sendable, Hashable {
    /// The one that `OS_CLOUD` names, or the environment's, or the only one there is.
    case standard
    /// Those that a person names: an entry of clouds.yaml with all its regions, or one of them as `ENTRY/REGION`;
    /// `envvars` is the environment's.
    case named([String])
    /// Every one that is configured.
    case all
}
