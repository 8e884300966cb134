import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// What a view is asked: the address, the form, and what answers it.
struct WebRequest: Sendable {
    let site: WebSite
    let format: WebFormat
    /// The path, without the base path and the ending that names the format.
    let path: String
    /// The variable parts of the path, by their names in ``WebView/all``.
    let parameters: [String: String]
    let query: WebFields
    /// The form that was sent; empty for a request that only reads.
    let form: WebFields
    let session: WebSession?
    let now: Timestamp

    var manager: LeaseManager { site.manager }
    var isReadOnly: Bool { site.settings.isReadOnly }
    /// The scopes that the page shows; `nil` for all.
    var scopes: Set<Int64>? { site.settings.scopes }
    /// The clouds that the page was started for.
    var clouds: [String] { site.settings.clouds }
    var zone: DisplayZone { site.settings.zone }
    var time: TimeText { TimeText(zone: zone, now: now) }

    /// How text for people is written: without a limit of width, in the reader's zone.
    var style: OutputStyle {
        var style = OutputStyle(format: .table, zone: zone)
        style.isForTerminal = true
        style.now = now
        return style
    }

    /// The moment that a person's text means, in the reader's zone; `nil` for no text.
    func moment(_ text: String?) throws(TimeArgumentError) -> Timestamp? {
        guard let text else { return nil }
        return try TimeArgument(parsing: text).moment(now: now, zone: zone)
    }

    /// The place in a list of leases that a page comes after.
    ///
    /// - Parameter list: what the list is called.
    /// - Returns: the place; `nil` for the first page.
    /// - Throws: ``WebError`` if the address names something else.
    func place(_ list: String) throws(WebError) -> LeasePosition? {
        guard let text = query["after"] else { return nil }
        guard let position = LeasePosition(text) else { throw Self.noPlace(list) }
        return position
    }

    /// The error about an address that names no place in a list.
    static func noPlace(_ list: String) -> WebError {
        WebError(.unprocessableContent, "'after' is not a place in the \(list): begin with the first page.")
    }

    /// An address on this page's server. Each part of the path that is not constant must be encoded with
    /// ``WebFields/encoded(_:)``.
    func link(_ path: String, _ query: WebFields = WebFields()) -> String {
        let text = query.text
        return site.settings.basePath + path + (text.isEmpty ? "" : "?\(text)")
    }

    /// The address of a lease's page.
    func link(lease id: String) -> String { link("/leases/\(WebFields.encoded(id))") }
}
