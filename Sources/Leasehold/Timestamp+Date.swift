public import Foundation
public import LeaseModel

extension Timestamp {
    /// The moment that a date is, its fraction of a second cut off; the first or last one there is if it lies beyond that.
    public init(_ date: Date) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        self.init(secondsSince1970: Int64(exactly: seconds) ?? (seconds > 0 ? .max : .min))
    }

    /// The moment as Foundation has it.
    public var date: Date { Date(timeIntervalSince1970: Double(secondsSince1970)) }
}
