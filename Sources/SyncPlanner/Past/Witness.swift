package import LeaseModel

/// A scope that sees a lease, or saw it until the server refused it.
///
/// Every whole list that it read meanwhile had the lease, so that a state is known to have held at those moments too.
package struct Witness: Sendable, Hashable {
    /// Between which moments the server began to refuse a lease to a scope.
    package struct Refusal: Sendable, Hashable {
        package let after: Timestamp
        package let before: Timestamp

        package init(after: Timestamp, before: Timestamp) {
            self.after = after
            self.before = before
        }
    }

    /// The number of the scope.
    package let scope: Int64
    /// Since when it sees the lease.
    package private(set) var since: Timestamp
    /// Set once it does not any more.
    package private(set) var refusal: Refusal?
    /// When it read whole lists, ascending.
    package private(set) var listings: [Timestamp]

    package init(scope: Int64, since: Timestamp, refusal: Refusal? = nil, listings: [Timestamp]) {
        self.scope = scope
        self.since = since
        self.refusal = refusal
        self.listings = listings
    }

    /// Whether it saw the lease at a moment, if there was anything to see.
    func sees(at moment: Timestamp) -> Bool {
        since <= moment && refusal.map { moment < $0.before } ?? true
    }

    /// Its lists in a time, and the nearest on either side.
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

    /// The same scope, as two databases know it. It is refused the lease unless one has seen the lease since.
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

    /// The same witness, by the number that its scope has in another database.
    package func of(scope: Int64) -> Witness {
        Witness(scope: scope, since: since, refusal: refusal, listings: listings)
    }

    /// Whether it says the same of the lease, whatever lists are known.
    package func isSame(as other: Witness) -> Bool {
        scope == other.scope && since == other.since && refusal == other.refusal
    }

    /// Two sets of witnesses as one, each scope once.
    ///
    /// - Parameters:
    ///   - left: some.
    ///   - right: the others.
    ///   - listings: when each scope read whole lists, as far as anybody knows, ascending.
    /// - Returns: the union; the same whichever of the two is given first.
    package static func merged(_ left: [Witness], _ right: [Witness], listings: [Int64: [Timestamp]]) -> [Witness] {
        var byScope = Dictionary(left.map { ($0.scope, $0) }) { $0.merging($1) }
        for witness in right { byScope[witness.scope] = byScope[witness.scope]?.merging(witness) ?? witness }
        for (scope, moments) in listings { byScope[scope]?.listings = moments }
        return byScope.values.sorted { $0.scope < $1.scope }
    }
}

extension [Witness] {
    /// The lists of any of them in a time, and the nearest on either side.
    func listings(around span: ClosedRange<Timestamp>) -> Set<Timestamp> {
        reduce(into: []) { $0.formUnion($1.listings(around: span)) }
    }

    /// The first list of any of them after a moment; `nil` if there is none.
    func firstListing(after moment: Timestamp) -> Timestamp? {
        lazy.compactMap { $0.firstListing(after: moment) }.min()
    }

    /// When the server began to refuse the lease to all of them; `nil` if one may still see it.
    var refusedBefore: Timestamp? {
        guard !isEmpty, allSatisfy({ $0.refusal != nil }) else { return nil }
        return compactMap(\.refusal?.before).max()
    }
}

extension [Timestamp] {
    /// Of an ascending list, the index of the first that is not before a moment; the count if all are.
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
