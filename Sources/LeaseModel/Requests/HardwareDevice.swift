/// An edge device, to be reserved by its name: python-chi's `chi.hardware.Device`, as far as leases need it.
public struct HardwareDevice: Sendable, Hashable {
    /// Its name, by which it is reserved; unique at a site.
    public var name: String
    /// What kind of device it is: python-chi's `device_type`, Blazar's `machine_name`.
    public var type: String?
    /// Its identifier (`uid`; python-chi's `uuid`).
    public var uid: String?
    /// Everything else that is known of it, under the site's own names.
    public var properties: JSONObject

    /// Makes a device.
    public init(name: String, type: String? = nil, uid: String? = nil, properties: JSONObject = [:]) {
        self.name = name
        self.type = type
        self.uid = uid
        self.properties = properties
    }

    /// The device that a mirrored one is; `nil` if it has no name.
    public init?(_ device: MirroredResource) {
        guard let name = device.resource.name else { return nil }
        let fields = device.resource.fields
        self.init(
            name: name, type: fields["machine_name"]?.stringValue, uid: fields["uid"]?.stringValue, properties: fields)
    }
}
