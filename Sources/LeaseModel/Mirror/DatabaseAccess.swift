/// What a database is opened for.
public enum DatabaseAccess: Sendable {
    /// Only reading. The file must exist.
    case reading
    /// Reading, syncing and writing. The file and its folder are created if missing.
    case writing
}
