/// The members of a JSON object, in the order in which they were written.
///
/// Two objects are equal if they have the same members in any order, because Blazar does not keep an order. If a name
/// occurs twice, its last value counts, as in Python's `json`.
public struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
    /// The members. Each name occurs once.
    public private(set) var members: [(key: String, value: JSONValue)]

    /// An object without members.
    public init() { members = [] }

    /// Makes an object from members. If a name occurs twice, its last value takes the place of the first.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.init()
        merge(members)
    }

    /// Makes an object from the members that the parser read.
    init(parsed: [(key: String, value: JSONValue)]) {
        members = parsed
        guard Self.repeatsName(parsed) else { return }
        members = []
        merge(parsed.lazy.map { ($0.key, $0.value) })
    }

    private static func repeatsName(_ members: [(key: String, value: JSONValue)]) -> Bool {
        guard members.count <= linearSearchLimit else { return Set(members.lazy.map(\.key)).count < members.count }
        return members.indices.contains { index in
            members[..<index].contains { $0.key == members[index].key }
        }
    }

    /// The largest number of members for which a linear search is faster than an index of the names.
    private static let linearSearchLimit = 32

    /// The index of each name in ``members``.
    private var positions: [String: Int] {
        var positions: [String: Int] = [:]
        positions.reserveCapacity(members.count)
        for (index, member) in members.enumerated() { positions[member.key] = index }
        return positions
    }

    /// An index for finding many members by name. Each lookup takes constant time; the subscript searches all members.
    package var finder: Finder { Finder(self) }

    /// An object with an index of its names.
    package struct Finder {
        private let object: JSONObject
        private let positions: [String: Int]?

        fileprivate init(_ object: JSONObject) {
            self.object = object
            positions = object.count > JSONObject.linearSearchLimit ? object.positions : nil
        }

        /// The member with that name.
        package subscript(name: String) -> JSONValue? {
            guard let positions else { return object[name] }
            return positions[name].map { object.members[$0].value }
        }
    }

    /// Sets every name to its value, appending new names at the end. Takes time proportional to the members on both
    /// sides.
    public mutating func merge(_ newer: some Sequence<(String, JSONValue)>) {
        var positions: [String: Int]?
        for (name, value) in newer {
            guard positions != nil || count > Self.linearSearchLimit else {
                self[name] = value
                continue
            }
            var known = positions.take() ?? self.positions
            if let index = known[name] {
                members[index].value = value
            } else {
                known[name] = count
                members.append((name, value))
            }
            positions = known
        }
    }

    /// Sets every name in the other object to its value there.
    public mutating func merge(_ newer: JSONObject) { merge(newer.members.lazy.map { ($0.key, $0.value) }) }

    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    /// The member with that name. Setting `nil` removes it; a new name is appended at the end.
    public subscript(key: String) -> JSONValue? {
        get {
            for member in members where member.key == key { return member.value }
            return nil
        }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The number of members.
    public var count: Int { members.count }

    /// The names, in order.
    public var keys: [String] { members.map(\.key) }

    /// Removes the member with that name and returns its value.
    public mutating func remove(_ key: String) -> JSONValue? {
        guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
        return members.remove(at: index).value
    }

    /// The same members sorted by name, so that equal objects are written alike.
    public var sorted: JSONObject {
        JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// The same members with every name in `newer` set to its value there.
    public func merging(_ newer: JSONObject) -> JSONObject {
        var result = self
        result.merge(newer)
        return result
    }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        // Usually the order is the same too.
        var index = 0
        while index < left.count, left.members[index].key == right.members[index].key {
            guard left.members[index].value == right.members[index].value else { return false }
            index += 1
        }
        guard index < left.count else { return true }
        let others = right.finder
        return left.members[index...].allSatisfy { others[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        // The order must not matter, so each member is hashed by itself and the hashes are added.
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
    }
}
