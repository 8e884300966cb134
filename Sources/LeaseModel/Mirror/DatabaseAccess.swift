/// What a database is opened for.
public enum DatabaseAccess: Sendable {
    /// To answer questions; the file must exist.
    case reading
    /// To sync and write as well; the file, and its folder, are made if missing.
    case writing
}
