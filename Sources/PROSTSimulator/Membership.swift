package import KBR

/// The members of the ring that are up, in order of identifiers: what a lookup's answer is judged
/// by while nodes come and go.
package struct Membership: Sendable {
    private struct Member: Sendable {
        var id: Identifier
        var index: Int32
    }

    private var members: [Member] = []

    package init() {}

    package var count: Int { members.count }

    /// Numbers of the members, by identifier.
    package var indices: [Int] { members.map { Int($0.index) } }

    package mutating func insert(_ index: Int, _ id: Identifier) {
        let place = lowerBound(id)
        guard place == members.count || members[place].id != id else { return }
        members.insert(Member(id: id, index: Int32(truncatingIfNeeded: index)), at: place)
    }

    package mutating func remove(_ id: Identifier) {
        let place = lowerBound(id)
        if place < members.count, members[place].id == id { members.remove(at: place) }
    }

    /// The number of the member that is responsible for a key.
    package func root(of key: Identifier) -> Int? {
        guard let first = members.first else { return nil }
        let place = lowerBound(key)
        return Int(place < members.count ? members[place].index : first.index)
    }

    /// Whether a machine is among the key's root and its successors, `count` in all.
    package func isReplica(_ index: Int, of key: Identifier, count: Int) -> Bool {
        let place = lowerBound(key)
        return (0..<min(count, members.count)).contains {
            Int(members[(place + $0) % members.count].index) == index
        }
    }

    private func lowerBound(_ id: Identifier) -> Int {
        members.partitioningIndex { $0.id >= id }
    }
}
