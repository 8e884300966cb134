package import LeaseModel

/// A row of a report that is grouped.
package protocol GroupedRow: Sendable {
    /// Where the bucket begins; `nil` if the report has none.
    var bucket: Timestamp? { get }
    /// The values by which it is grouped, in the order asked for.
    var labels: [String?] { get }
}

extension GroupedRow {
    package var bucket: Timestamp? { nil }
}

extension HoursRow: GroupedRow {}
extension ServiceUnitRow: GroupedRow {}
extension UtilizationRow: GroupedRow {}
extension SpreadRow: GroupedRow {}
extension StatesRow: GroupedRow {}
extension StackingRow: GroupedRow {}
