package import LeaseModel
import SyncEngine

extension LeaseManager {
    /// The result of a login.
    package struct LoginReport: Sendable {
        /// The cloud's name.
        package let cloud: String
        /// The region; `nil` if none is configured.
        package let region: String?
        package let summary: LoginSummary
        /// The login in a form that can be written into clouds.yaml; `nil` for a login of another kind.
        package let chameleon: ChameleonLogin?
    }

    /// Logs in to a cloud, asking a person if that is necessary and possible.
    ///
    /// - Parameters:
    ///   - target: the cloud to log in to.
    ///   - asksAgain: whether to ask even if there is a valid login.
    ///   - configuration: the configuration, including the assistant that asks.
    /// - Returns: the result.
    /// - Throws: ``LeaseholdError``.
    package static func logIn(
        _ target: LoginTarget, askingAgain asksAgain: Bool, _ configuration: Configuration
    ) async throws(LeaseholdError) -> LoginReport {
        try await withLogin(target, configuration) { login throws(CloudError) in
            LoginReport(
                cloud: login.name, region: login.region,
                summary: try await login.logIn(askingAgain: asksAgain), chameleon: login.chameleon)
        }
    }

    /// Ends the stored login of a cloud.
    ///
    /// - Returns: the cloud's name, and whether there was a login.
    /// - Throws: ``LeaseholdError``.
    package static func logOut(
        _ target: LoginTarget, _ configuration: Configuration
    ) async throws(LeaseholdError) -> (cloud: String, wasLoggedIn: Bool) {
        try await withLogin(target, configuration) { login throws(CloudError) in
            (login.name, try await login.logOut())
        }
    }

    /// Chameleon's sites.
    ///
    /// - Throws: ``LeaseholdError``.
    package static func chameleonSites(
        _ target: LoginTarget, listURL: String, _ configuration: Configuration
    ) async throws(LeaseholdError) -> [ChameleonSite] {
        try await withLogin(target, configuration) { login throws(CloudError) in
            try await login.sites(listURL: listURL)
        }
    }

    /// When the logins and credentials of the configured clouds expire, as far as is known. No cloud is asked.
    package func loginEnds() -> [LoginEnd] { directory.loginEnds() }

    private static func withLogin<Value: Sendable>(
        _ target: LoginTarget, _ configuration: Configuration,
        _ body: (CloudLogin) async throws(CloudError) -> Value
    ) async throws(LeaseholdError) -> Value {
        let login: CloudLogin
        do throws(CloudError) {
            login = try directory(configuration).login(target)
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
        do throws(CloudError) {
            let value = try await body(login)
            await login.close()
            return value
        } catch {
            await login.close()
            throw LeaseholdError(writing: error)
        }
    }
}
