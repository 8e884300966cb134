/// The profiles of public clouds that come with openstacksdk: their addresses and regions.
///
/// Source: openstacksdk 4.22.0, `openstack/config/vendors`. Settings that are not used here, such as image formats, are
/// left out.
enum VendorProfiles {
    /// A profile, or the reason why there is none.
    enum Lookup {
        case found(ConfigurationMapping)
        /// The cloud no longer exists.
        case closed
        /// The profile would have to be downloaded.
        case remote
        case unknown
    }

    private static let profiles: [String: (authURL: String, regions: [String])] = [
        "auro": ("https://api.van2.auro.io:5000/v3", ["RegionOne"]),
        "binero": ("https://auth.binero.cloud:5000/v3", ["europe-se-1"]),
        "catalyst": ("https://api.cloud.catalyst.net.nz:5000/v2.0", ["nz-por-1", "nz_wlg_2"]),
        "citycloud": ("https://{region_name}.citycloud.com:5000/v3/", ["Buf1", "Fra1", "Sto2", "Kna1", "dx1", "tky1"]),
        "conoha": ("https://identity.{region_name}.conoha.io", ["sin1", "sjc1", "tyo1"]),
        "dreamcompute": ("https://iad2.dream.io:5000", ["RegionOne"]),
        "elastx": ("https://ops.elastx.cloud:5000/v3", ["se-sto"]),
        "entercloudsuite": ("https://api.entercloudsuite.com/", ["it-mil1", "nl-ams1", "de-fra1"]),
        "fuga": ("https://identity.api.fuga.io:5000", ["cystack"]),
        "limestonenetworks": ("https://auth.cloud.lstn.net:5000/v3", ["us-dfw-1", "us-slc"]),
        "otc": ("https://iam.{region_name}.otc.t-systems.com/v3", ["eu-de", "eu-nl"]),
        "otc-swiss": ("https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3", ["eu-ch2"]),
        "ovh-us": ("https://auth.cloud.ovh.us/", ["US-EAST-VA-1", "US-WEST-OR-1", "US-EAST-VA", "US-WEST-OR"]),
        "rackspace": (
            "https://identity.api.rackspacecloud.com/v2.0/", ["DFW", "HKG", "IAD", "ORD", "SYD", "LON"]
        ),
        "switchcloud": ("https://identity.compute.cloud.switch.ch/v3", ["zhw", "zhc"]),
        "switchengines": ("https://keystone.cloud.switch.ch:5000/v3", ["LS", "ZH"]),
        "zetta": ("https://identity.api.zetta.io/v3", ["no-osl1"]),
    ]
    /// Clouds that, according to openstacksdk, no longer exist.
    private static let closed: Set<String> = ["betacloud", "ibmcloud", "internap", "ultimum", "unitedstack"]
    /// Profiles of openstacksdk that contain only the address of the real profile.
    private static let remote: Set<String> = ["ovh", "vexxhost"]
    /// Clouds whose profiles also name the user's and the project's domain.
    private static let defaultDomains: Set<String> = ["auro", "fuga", "ovh-us"]

    static func profile(_ name: String) -> Lookup {
        if closed.contains(name) { return .closed }
        if remote.contains(name) || name.contains("://") { return .remote }
        guard let (authURL, regions) = profiles[name] else { return .unknown }
        func text(_ value: String) -> ConfigurationNode { ConfigurationNode(value: .scalar(value)) }
        var auth = ConfigurationMapping()
        auth["auth_url"] = text(authURL)
        if defaultDomains.contains(name) {
            auth["user_domain_name"] = text("Default")
            auth["project_domain_name"] = text("Default")
        }
        var profile = ConfigurationMapping()
        profile["auth"] = ConfigurationNode(value: .mapping(auth))
        profile["regions"] = ConfigurationNode(value: .sequence(regions.map(text)))
        return .found(profile)
    }
}
