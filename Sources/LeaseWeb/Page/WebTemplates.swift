import HTTPTypes
import LeaseModel
import LeaseReports
import Mustache

/// The templates and the other files of the page, which are part of the program.
struct WebTemplates: Sendable {
    /// Every template, by the name that a view uses.
    private static let all: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache,
        "csrf": PackageResources.csrf_mustache,
        "pager": PackageResources.pager_mustache,
        "entry": PackageResources.entry_mustache,
        "error": PackageResources.error_mustache,
        "leases": PackageResources.leases_mustache,
        "lease": PackageResources.lease_mustache,
        "delete": PackageResources.delete_mustache,
        "new": PackageResources.new_mustache,
        "unconfigured": PackageResources.unconfigured_mustache,
        "queue": PackageResources.queue_mustache,
        "write": PackageResources.write_mustache,
        "sites": PackageResources.sites_mustache,
        "calendar": PackageResources.calendar_mustache,
        "reports": PackageResources.reports_mustache,
        "report": PackageResources.report_mustache,
    ]

    /// The style sheet and the script, by their paths.
    static let assets: [String: (type: String, bytes: [UInt8])] = [
        "/leasehold.css": ("text/css; charset=utf-8", PackageResources.leasehold_css),
        "/leasehold.js": ("text/javascript; charset=utf-8", PackageResources.leasehold_js),
        "/leasehold.svg": ("image/svg+xml", PackageResources.leasehold_svg),
    ]

    /// What differs whenever the style sheet or the script does, so that a browser may keep them for long.
    static let edition: String = {
        let bytes = assets.sorted { $0.key < $1.key }.flatMap(\.value.bytes)
        return String(ContentDigest.digest(of: bytes), radix: 36)
    }()

    private let library: MustacheLibrary

    /// Parses the templates.
    ///
    /// - Throws: the parser's error, if a template is wrong.
    init() throws {
        MustacheContentTypes.register(PageText(), named: "PAGE")
        library = MustacheLibrary(
            templates: try Self.all.mapValues { bytes in
                try MustacheTemplate(string: "{{% CONTENT_TYPE:PAGE}}" + String(decoding: bytes, as: UTF8.self))
            })
    }

    /// A template with its values.
    ///
    /// - Throws: ``WebError`` if there is no such template.
    func render(_ name: String, _ data: WebData) throws(WebError) -> String {
        guard let text = library.render(data, withTemplate: name) else {
            throw WebError(.internalServerError, "There is no template '\(name)'.", code: "failure")
        }
        return text
    }
}

/// Escapes values as report pages do: what would be markup is text, and control characters and characters that change
/// the direction of text are visible.
private struct PageText: MustacheContentType {
    func escapeText(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
            default: (0x20..<0x7F).contains(byte)
            }
        }
        return isPlain ? text : text.escapedForHTML
    }
}
