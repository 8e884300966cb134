import ArgumentParser
import LeaseModel
import LeaseReports

/// The options for grouping rows.
package struct GroupingOptions: ParsableArguments {
    @Option(
        name: .customLong("by"), parsing: .singleValue,
        help: ArgumentHelp(
            "Group by these, separated by commas: \(ReportDimension.ofLeases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "names"), completion: .list(ReportDimension.ofLeases.map(\.rawValue)))
    var names: [String] = []

    package init() {}

    /// The dimensions to group by.
    ///
    /// - Parameters:
    ///   - standard: the default.
    ///   - known: the accepted dimensions.
    /// - Returns: the requested dimensions, each once.
    /// - Throws: ``CommandError`` with a suggestion for an unknown one.
    func dimensions(
        _ standard: [ReportDimension] = [], known: [ReportDimension] = ReportDimension.ofLeases
    ) throws(CommandError) -> [ReportDimension] {
        guard !names.isEmpty else { return standard }
        var dimensions: [ReportDimension] = []
        for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let typed = name.lowercased().replacing("-", with: "_")
            guard let dimension = known.first(where: { $0.rawValue == typed }) else {
                let all = known.map(\.rawValue)
                let suggestion = Suggestion.nearest(to: typed, in: all).map { " Did you mean '\($0)'?" } ?? ""
                throw .usage(
                    "Rows cannot be grouped by '\(name.escapedForTerminal)'.\(suggestion) "
                        + "--by takes \(all.joined(separator: ", ")).")
            }
            if !dimensions.contains(dimension) { dimensions.append(dimension) }
        }
        return dimensions
    }
}

/// The options for dividing the period.
package struct BucketOptions: ParsableArguments {
    @Option(
        name: .customLong("bucket"),
        help: ArgumentHelp(
            "Divide the period into days, weeks (from Monday) or months of the zone's calendar.",
            valueName: "day|week|month"), completion: .list(["day", "week", "month"]),
        transform: Self.bucket)
    var bucket: Bucket?

    package init() {}

    @Sendable private static func bucket(_ text: String) throws -> Bucket {
        guard let bucket = Bucket(rawValue: text.lowercased()) else {
            throw ValidationError("--bucket takes day, week or month.")
        }
        return bucket
    }
}
