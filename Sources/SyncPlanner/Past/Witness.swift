package import LeaseModel

/// A scope that sees a lease, or saw it until the server refused it.
///
/// Every complete list that the scope read in that time contained the lease. So a state is known to have held at those
/// moments too.
package struct Witness: Sendable, Hashable {
    /// The bounds of when the server began to refuse a lease to a scope.
    package struct Refusal: Sendable, Hashable {
        package let after: Timestamp
        package let before: Timestamp

        package init(after: Timestamp, before: Timestamp) {
            self.after = after
            self.before = before
        }
    }

    /// The id of the scope.
    package let scope: Int64
    /// The first moment at which it saw the lease.
    package private(set) var since: Timestamp
    /// When the server began to refuse the lease; `nil` if the scope still sees it.
    package private(set) var refusal: Refusal?
    /// When it read complete lists, in ascending order.
    package private(set) var listings: [Timestamp]

    package init(scope: Int64, since: Timestamp, refusal: Refusal? = nil, listings: [Timestamp]) {
        self.scope = scope
        self.since = since
        self.refusal = refusal
        self.listings = listings
    }

    /// Whether it could see the lease at a moment, if the lease existed.
    func sees(at moment: Timestamp) -> Bool {
        since <= moment && refusal.map { moment < $0.before } ?? true
    }

    /// Its lists in a period, and the nearest one on either side.
    fileprivate func listings(around span: ClosedRange<Timestamp>) -> some Sequence<Timestamp> {
        let lower = max(0, listings.firstIndex(notBefore: span.lowerBound) - 1)
        let upper = min(listings.count, listings.firstIndex(notBefore: span.upperBound.adding(seconds: 1)) + 1)
        return listings[lower..<max(lower, upper)].lazy.filter(sees)
    }

    /// The first of its lists after a moment; `nil` if there is none.
    fileprivate func firstListing(after moment: Timestamp) -> Timestamp? {
        let from = max(moment.adding(seconds: 1), since)
        let index = listings.firstIndex(notBefore: from)
        return index < listings.count && sees(at: listings[index]) ? listings[index] : nil
    }

    /// The same scope as known to two databases. It is refused the lease unless one of them has seen the lease since.
    private func merging(_ other: Witness) -> Witness {
        var merged = self
        merged.since = Swift.min(since, other.since)
        switch (refusal, other.refusal) {
        case (nil, nil): break
        case (let mine?, nil): merged.refusal = other.hasSeen(after: mine.before) ? nil : mine
        case (nil, let theirs?): merged.refusal = hasSeen(after: theirs.before) ? nil : theirs
        case (let mine?, let theirs?):
            merged.refusal = (mine.before, mine.after) < (theirs.before, theirs.after) ? mine : theirs
        }
        return merged
    }

    private func hasSeen(after moment: Timestamp) -> Bool {
        since > moment || (listings.last.map { $0 > moment } ?? false)
    }

    /// The same witness, with the id that its scope has in another database.
    package func of(scope: Int64) -> Witness {
        Witness(scope: scope, since: since, refusal: refusal, listings: listings)
    }

    /// Whether it says the same about the lease. Lists are not compared.
    package func isSame(as other: Witness) -> Bool {
        scope == other.scope && since == other.since && refusal == other.refusal
    }

    /// Merges two sets of witnesses. The result has each scope once.
    ///
    /// - Parameters:
    ///   - left: one set.
    ///   - right: the other set.
    ///   - listings: when each scope read complete lists, according to both databases, in ascending order.
    /// - Returns: the union. It is the same in either order.
    package static func merged(_ left: [Witness], _ right: [Witness], listings: [Int64: [Timestamp]]) -> [Witness] {
        var byScope = Dictionary(left.map { ($0.scope, $0) }) { $0.merging($1) }
        for witness in right { byScope[witness.scope] = byScope[witness.scope]?.merging(witness) ?? witness }
        for (scope, moments) in listings { byScope[scope]?.listings = moments }
        return byScope.values.sorted { $0.scope < $1.scope }
    }
}

extension [Witness] {
    /// The lists of all witnesses in a period, and the nearest one of each on either side.
    func listings(around span: ClosedRange<Timestamp>) -> Set<Timestamp> {
        reduce(into: []) { $0.formUnion($1.listings(around: span)) }
    }

    /// The first list of any witness after a moment; `nil` if there is none.
    func firstListing(after moment: Timestamp) -> Timestamp? {
        lazy.compactMap { $0.firstListing(after: moment) }.min()
    }

    /// When the server had begun to refuse the lease to all of them; `nil` if one may still see it.
    var refusedBefore: Timestamp? {
        guard !isEmpty, allSatisfy({ $0.refusal != nil }) else { return nil }
        return compactMap(\.refusal?.before).max()
    }
}

extension [Timestamp] {
    /// In an ascending list, the index of the first moment that is not before this one; the count if there is none.
    fileprivate func firstIndex(notBefore moment: Timestamp) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < moment { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
