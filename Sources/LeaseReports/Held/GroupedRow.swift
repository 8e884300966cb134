package import LeaseModel

/// A row of a grouped report.
package protocol GroupedRow: Sendable {
    /// The start of the bucket; `nil` if the report has no buckets.
    var bucket: Timestamp? { get }
    /// The values that it is grouped by, in the requested order.
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
