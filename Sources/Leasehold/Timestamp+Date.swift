public import Foundation
public import LeaseModel

extension Timestamp {
    /// The moment that a date is, its fraction of a second cut off.
    public init(_ date: Date) {
        self.init(secondsSince1970: Int64(date.timeIntervalSince1970.rounded(.down)))
    }

    /// The moment as Foundation has it.
    public var date: Date { Date(timeIntervalSince1970: Double(secondsSince1970)) }
}
