import LeaseModel

/// Why Blazar refuses a request, in its own words.
struct Refusal: Error {
    /// The form of Blazar's error body.
    enum Shape {
        /// `{"error_code": 400, "error_message": "…", "error_name": 400}`
        case named
        /// The same with `"error_name": "INTERNAL_SERVER_ERROR"`: an exception that Blazar does not know.
        case obscured
        /// `{"error": 404, "error_message": "…"}`: from the web framework, before Blazar's own code.
        case framework
    }

    let status: Int
    let message: String
    let shape: Shape
    /// Whether an update that fails with it leaves the lease in its previous status; otherwise the lease goes to ERROR.
    let isHarmlessToUpdate: Bool

    private init(_ status: Int, _ message: String, _ shape: Shape, harmless: Bool = false) {
        self.status = status
        self.message = message
        self.shape = shape
        isHarmlessToUpdate = harmless
    }

    /// A Blazar exception that ends an update with the lease in ERROR.
    static func fatal(_ status: Int, _ message: String) -> Refusal { Refusal(status, message, .named) }

    /// A Blazar exception after which an update leaves the lease as it was.
    static func harmless(_ status: Int, _ message: String) -> Refusal {
        Refusal(status, message, .named, harmless: true)
    }

    /// Any exception that is not Blazar's own; its text is hidden.
    static let obscured = Refusal(500, "Internal Server Error", .obscured)

    static let invalidStatus = fatal(500, "Invalid lease status.")

    static func framework(_ status: Int, _ message: String) -> Refusal { Refusal(status, message, .framework) }

    static let unknownURL = framework(
        404,
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
            + "try again.")
    static let wrongMethod = framework(405, "The method is not allowed for the requested URL.")
    static let crashed = framework(
        500,
        "The server encountered an internal error and was unable to complete your request. Either the server is "
            + "overloaded or there is an error in the application.")

    static func missing(_ names: [String], separator: String = ", ") -> Refusal {
        harmless(400, "Missing parameter " + names.joined(separator: separator))
    }
    static func malformed(_ name: String) -> Refusal { harmless(400, "Malformed parameter " + name) }
    static func policy(_ action: String) -> Refusal {
        fatal(403, "Policy doesn't allow blazar:\(action) to be performed")
    }
    static func notFound(_ key: String, _ id: String) -> Refusal {
        fatal(404, "Object with {'\(key)': '\(id)'} not found")
    }
    static let notEnoughHosts = harmless(500, "Not enough hosts available")

    var body: JSONValue {
        let code = JSONValue(status)
        switch shape {
        case .named: return ["error_code": code, "error_message": .string(message), "error_name": code]
        case .obscured:
            return ["error_code": code, "error_message": .string(message), "error_name": "INTERNAL_SERVER_ERROR"]
        case .framework: return ["error": code, "error_message": .string(message)]
        }
    }
}
