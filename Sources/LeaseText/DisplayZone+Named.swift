import Foundation
import LeaseModel
import LeaseReports
import LocalFiles
package import Output

/// There is no time zone of a name.
package struct ZoneNameError: Error, Sendable, Hashable {
    /// What is wrong, and what to do.
    package let message: String
}

extension DisplayZone {
    /// Finds a zone of the IANA database by name.
    ///
    /// - Parameters:
    ///   - name: `Europe/Berlin`, `UTC`. Case matters unless the file system ignores it.
    ///   - environment: `TZDIR` names the folder of the database, as for the C library.
    /// - Returns: the zone, exactly as in the database's file.
    /// - Throws: ``ZoneNameError`` with a suggestion if there is no such zone.
    package static func named(_ name: String, environment: [String: String]) throws(ZoneNameError) -> DisplayZone {
        guard !["UTC", "Etc/UTC", "Z"].contains(name) else { return .utc }
        let folder = environment["TZDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/share/zoneinfo"
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 < 0x80 }
                && part.allSatisfy { $0.isLetter || $0.isNumber || "+-_".contains($0) }
        }
        guard isPlain, let bytes = try? InputFile.bytes(of: "\(folder)/\(name)") else {
            guard FileManager.default.fileExists(atPath: folder) else {
                throw ZoneNameError(
                    message:
                        "There is no database of time zones in \(folder). Install your system's package tzdata, "
                        + "or name the folder in TZDIR.")
            }
            let suggestion = Suggestion.nearest(to: name, in: names(in: folder)).map { " Did you mean '\($0)'?" } ?? ""
            throw ZoneNameError(
                message:
                    "There is no time zone '\(name.escapedForTerminal)'.\(suggestion) "
                    + "Names are those of the IANA database, such as Europe/Berlin or America/Chicago.")
        }
        do {
            let rules = try ZoneRules(parsing: bytes)
            return DisplayZone(name: name) { rules.offsetSeconds(at: $0.secondsSince1970) }
        } catch {
            throw ZoneNameError(message: "\(folder)/\(name) is not a time zone's file, or is damaged.")
        }
    }

    /// The names of the zones in a folder, and also their last parts, because people write `Berlin`.
    private static func names(in folder: String) -> [String] {
        let skipped = ["posix/", "right/"]
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return files.filter { file in
            !skipped.contains(where: file.hasPrefix) && file.first?.isUppercase == true && !file.contains(".")
        }.sorted()
    }
}
