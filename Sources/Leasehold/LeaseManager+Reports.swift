public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// Hands over what each lease that a filter finds held, deleted ones too if the filter says so, in no particular
    /// order. Nothing is kept, so that a million leases take no more memory than one.
    ///
    /// - Parameters:
    ///   - filter: which. Its types leave out the other reservations of the leases found, too.
    ///   - includesNames: whether ``LeaseHolding/id`` and ``LeaseHolding/name`` are wanted; empty without.
    ///   - includesStates: whether ``LeaseHolding/earlierStates`` are wanted.
    ///   - includesEvents: whether ``LeaseHolding/events`` are wanted.
    ///   - each: takes a lease.
    /// - Throws: ``LeaseholdError`` of code `database`, or what `each` throws.
    public func forEachHolding(
        _ filter: LeaseFilter, includesNames: Bool = true, includesStates: Bool = false, includesEvents: Bool = false,
        each: (LeaseHolding) throws -> Void
    ) throws {
        var detail: HoldingDetail = includesNames ? .names : []
        if includesStates { detail.insert(.states) }
        if includesEvents { detail.insert(.events) }
        var thrown: (any Error)?
        do {
            try store.holdings(filter, detail: detail) { holding in
                do { try each(holding) } catch {
                    thrown = error
                    throw error
                }
            }
        } catch {
            throw thrown ?? LeaseholdError(error)
        }
    }
}
