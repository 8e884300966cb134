/// The members of a JSON object, in the order they were written.
///
/// Two objects are equal if they have the same members, whatever their order: Blazar does not keep one. A name that
/// occurs twice keeps its last value, as Python's `json` does.
public struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
    /// The members, each name once.
    public private(set) var members: [(key: String, value: JSONValue)]

    /// An object without members.
    public init() { members = [] }

    /// Makes an object from members; of members with one name, the last counts.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = []
        for (key, value) in members { self[key] = value }
    }

    /// Makes an object from what the parser read: most objects are small, so a repeated name is looked for pairwise.
    init(parsed: [(key: String, value: JSONValue)]) {
        members = parsed
        guard Self.repeatsName(parsed) else { return }
        members = []
        for (key, value) in parsed { self[key] = value }
    }

    private static func repeatsName(_ members: [(key: String, value: JSONValue)]) -> Bool {
        guard members.count <= 32 else { return Set(members.lazy.map(\.key)).count < members.count }
        return members.indices.dropFirst().contains { index in
            members[..<index].contains { $0.key == members[index].key }
        }
    }

    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    /// The member of that name. Setting `nil` removes it; a new name goes last.
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

    /// Takes the member of that name out.
    public mutating func remove(_ key: String) -> JSONValue? {
        guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
        return members.remove(at: index).value
    }

    /// The same members in the order of their names, so that equal objects are written alike.
    public var sorted: JSONObject {
        JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// The same members with every name in `newer` set to its value there.
    public func merging(_ newer: JSONObject) -> JSONObject {
        var result = self
        for (key, value) in newer.members { result[key] = value }
        return result
    }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        return left.members.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        // Order must not matter, so members are hashed each by itself and added up.
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
