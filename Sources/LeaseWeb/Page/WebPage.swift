import HTTPTypes
import Mustache

/// The values of a template: texts, numbers, flags, nested values and lists of them.
///
/// A dictionary would do, but Mustache asks of every value that it looks into whether it has children, and for a dictionary
/// Swift then has to find out each time whether its keys are texts.
struct WebData: ExpressibleByDictionaryLiteral, MustacheParent, Sendable {
    private var values: [String: any Sendable]

    init(dictionaryLiteral elements: (String, any Sendable)...) { values = Dictionary(elements) { _, last in last } }

    /// The same text for each name.
    init(texts: [(name: String, text: String)]) { values = Dictionary(texts) { _, last in last } }

    subscript(_ name: String) -> (any Sendable)? {
        get { values[name] }
        set { values[name] = newValue }
    }

    func child(named name: String) -> Any? { values[name] }

    /// The values with others, which do not replace any.
    func adding(_ others: WebData) -> WebData {
        var sum = self
        sum.values.merge(others.values) { own, _ in own }
        return sum
    }

    /// A text for a section of a template, which is left out if the text is missing or empty. (Mustache leaves out what
    /// is false, not what is an empty text.)
    static func ifAny(_ text: String?) -> any Sendable {
        guard let text, !text.isEmpty else { return false }
        return text
    }
}

/// What a view answers.
struct WebPage: Sendable {
    /// What it is, for each way of asking.
    enum Content: Sendable {
        /// Data for people, by a template; and the same for programs.
        case view(template: String, WebData, table: WebTable?, calendar: WebTable?)
        /// The browser shall ask for another address, which shows what was done.
        case redirect(to: String, notice: String)
        /// A file, which the browser keeps and does not show as a part of the page.
        case file(name: String, type: String, text: String)
    }

    var title: String
    var status: HTTPResponse.Status = .ok
    let content: Content
    /// Whether the script may replace the page's content when something has changed.
    var isLive = true

    /// A page of a view.
    ///
    /// - Parameters:
    ///   - title: its title.
    ///   - template: the name of its template.
    ///   - data: the values of the template.
    ///   - table: the same for programs, as JSON and CSV; `nil` if there is no such form.
    ///   - calendar: the same as a calendar; `nil` if there is no such form.
    init(title: String, template: String, data: WebData, table: WebTable? = nil, calendar: WebTable? = nil) {
        self.title = title
        content = .view(template: template, data, table: table, calendar: calendar)
    }

    private init(_ content: Content) {
        title = ""
        self.content = content
    }

    /// The answer to a form that was carried out: the browser goes to a path, where the notice is shown.
    static func redirect(to link: String, notice: String) -> WebPage { WebPage(.redirect(to: link, notice: notice)) }

    /// A file to keep.
    static func file(name: String, type: String, text: String) -> WebPage {
        WebPage(.file(name: name, type: type, text: text))
    }

    /// The same page, saying that what was asked for cannot be done.
    func refused() -> WebPage {
        var page = self
        page.status = .unprocessableContent
        return page
    }

    /// The same page, which is never replaced while a person is at work on it.
    func still() -> WebPage {
        var page = self
        page.isLive = false
        return page
    }
}

extension String {
    /// The text for a list, whose rows are short.
    func cut(to length: Int) -> String { count <= length ? self : "\(prefix(length))…" }
}
