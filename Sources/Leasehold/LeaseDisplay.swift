import LeaseModel

/// How leases are shown: printed, or in a browser. It is what `show` of python-chi's `wait` and `submit` chooses.
public enum LeaseDisplay: Sendable, Hashable {
    /// Printed, in a format.
    case printed(LeaseStyle)
    /// On a page that follows each change: python-chi's widget. ``LeaseManager/Configuration/pageOpener`` opens it.
    case browser

    /// Printed line by line, for people.
    public static let text = printed(.text)
    /// Printed as Blazar writes it, with times in ISO 8601.
    public static let json = printed(.json)
}

/// Opens the page of `leasehold web` in a browser.
///
/// The library itself has no web server. The product `LeaseWeb` has one, and the opener `BrowserPage` for
/// ``LeaseManager/Configuration/pageOpener``.
public protocol LeasePageOpener: Sendable {
    /// Serves the page, unless it is served already, and opens it.
    ///
    /// - Parameters:
    ///   - path: which view: `/leases`, or `/leases/` and an id.
    ///   - manager: the database.
    /// - Returns: the address, which works once.
    /// - Throws: ``LeaseholdError`` with the code `unreachable` if the page cannot be served.
    func open(_ path: String, of manager: LeaseManager) async throws(LeaseholdError) -> String
}

extension LeaseManager {
    /// Shows all listed and queued leases in a browser, like python-chi's `show_leases` in a notebook. The page can be
    /// sorted, filtered and searched, and lives as long as the process.
    ///
    /// ``showLeases(cloud:)`` gives the same as a table.
    ///
    /// - Parameter display: where; a format prints them instead.
    /// - Returns: the page's address, which works once; `nil` if the leases were printed.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if there is no ``Configuration/pageOpener``,
    ///   `unreachable` if the page cannot be served, or `database`.
    @discardableResult
    public func showLeases(in display: LeaseDisplay) async throws(LeaseholdError) -> String? {
        switch display {
        case .browser: return try await opener.open("/leases", of: self)
        case .printed(.text): print(try showLeases())
        case .printed(.json):
            let leases = try listLeases().map { $0.json }
            print(JSONValue.array(leases).text(.pretty))
        }
        return nil
    }

    fileprivate var opener: any LeasePageOpener {
        get throws(LeaseholdError) {
            if let opener = configuration.pageOpener { return opener }
            throw LeaseholdError(
                code: .configuration,
                message:
                    "Nothing opens pages: set the configuration's pageOpener to BrowserPage() of the product LeaseWeb.")
        }
    }

    /// Checks that leases can be shown in a way, before anything is sent.
    func check(_ display: LeaseDisplay?) throws(LeaseholdError) {
        if display == .browser { _ = try opener }
    }
}

extension Lease {
    /// Shows the lease in a browser, which follows each change, or prints it.
    ///
    /// - Parameter display: where.
    /// - Returns: the page's address, which works once; `nil` if the lease was printed.
    /// - Throws: ``LeaseholdError`` with the code `invalid` if a browser is asked for before the lease is submitted,
    ///   `configuration` if there is no ``LeaseManager/Configuration/pageOpener``, or `unreachable` if the page cannot be
    ///   served.
    @discardableResult
    public nonisolated(nonsending) func show(in display: LeaseDisplay) async throws(LeaseholdError) -> String? {
        switch display {
        case .printed(let style):
            show(style)
            return nil
        case .browser: return try await manager.opener.open("/leases/\(submittedID())", of: manager)
        }
    }

    /// Opens the lease's page if a browser is asked for. If it cannot be served, the reason is printed: what was asked of
    /// the cloud goes on.
    nonisolated(nonsending) func open(_ display: LeaseDisplay?) async {
        guard display == .browser else { return }
        do {
            try await show(in: .browser)
        } catch {
            print(error.message)
        }
    }

    /// Prints the lease if a format is asked for.
    func printed(_ display: LeaseDisplay?) {
        if case .printed(let style) = display { show(style) }
    }
}
