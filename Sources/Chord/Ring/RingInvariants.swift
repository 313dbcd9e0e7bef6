package import KBR

/// Zave's invariant and the predicates that follow from it, over one instant's snapshots
/// (`Spec/chord.md` §8); O(n r), so that a simulator can ask after every event.
package struct RingInvariants: Sendable {
    /// A predicate that does not hold, and for whom.
    package enum Violation: Hashable, Sendable, CustomStringConvertible {
        /// A member whose successor list holds no live member.
        case noLiveSuccessor(Identifier)
        /// Fewer than r + 1 members that no list skips.
        case insufficientPrincipals(found: Int, needed: Int)
        /// A list with its owner or a node twice, or out of clockwise order.
        case disorderedList(Identifier)
        /// A principal that is not on the ring.
        case principalOffRing(Identifier)
        case noRing
        /// A node on a second ring.
        case severalRings(Identifier)
        /// A ring member whose best successor passes over another ring member.
        case disorderedRing(Identifier)
        /// An appendage from which no ring member is reached.
        case disconnected(Identifier)

        package var description: String {
            switch self {
            case .noLiveSuccessor(let id): "\(id) has no live successor"
            case .insufficientPrincipals(let found, let needed):
                "\(found) principals, \(needed) needed"
            case .disorderedList(let id): "the successor list of \(id) is out of order"
            case .principalOffRing(let id): "principal \(id) is not on the ring"
            case .noRing: "no ring"
            case .severalRings(let id): "\(id) is on a second ring"
            case .disorderedRing(let id): "\(id) passes over a member of the ring"
            case .disconnected(let id): "\(id) does not lead to the ring"
            }
        }
    }

    /// A member with the pointers that count for the invariant.
    private struct Member {
        var id: Identifier
        var predecessor: Identifier?
        var successors: [Identifier]
    }

    /// By identifier.
    private var members: [Member] = []
    private var listLength = 0
    private var bestSuccessor: [Int?] = []
    private var isOnRing: [Bool] = []
    private var isPrincipal: [Bool] = []
    /// Every predicate that fails, in a fixed order.
    package private(set) var violations: [Violation] = []

    /// Snapshots of all live nodes, in any order; a ring that has not formed has no violations.
    package init(_ snapshots: [ChordSnapshot]) {
        guard let formed = snapshots.first(where: { $0.phase == .formed }) else { return }
        listLength = formed.successorListLength
        members = Self.members(among: snapshots)
        for member in members {
            let live = member.successors.first { index(of: $0) != nil }
            bestSuccessor.append(live.flatMap { index(of: $0) })
        }
        checkLists()
        findPrincipals()
        findRing()
        checkRing()
    }

    package var memberCount: Int { members.count }

    package var principalCount: Int { isPrincipal.count { $0 } }

    /// Whether nothing is left to repair: the invariant, all members on the ring, predecessors
    /// and successors inverse, lists complete.
    package var isIdeal: Bool {
        guard violations.isEmpty, !members.isEmpty else { return false }
        let count = members.count
        let wanted = min(listLength, count - 1)
        for (position, member) in members.enumerated() {
            let before = members[(position + count - 1) % count].id
            guard member.successors.count == wanted, count == 1 || member.predecessor == before
            else { return false }
            for (offset, successor) in member.successors.enumerated()
            where members[(position + 1 + offset) % count].id != successor {
                return false
            }
        }
        return true
    }

    /// Formed nodes, and those that hold the complete list and have not heard of the commit yet:
    /// committing gives all of them the same ideal lists (§6.5).
    private static func members(among snapshots: [ChordSnapshot]) -> [Member] {
        snapshots.filter { snapshot in
            snapshot.phase == .formed
                || (snapshot.phase == .forming
                    && snapshot.roster?.members.count == snapshot.successorListLength + 1)
        }
        .map { snapshot in
            Member(
                id: snapshot.node.id,
                predecessor: snapshot.predecessor?.id,
                successors: snapshot.successors.map(\.id)
            )
        }
        .sorted { $0.id < $1.id }
    }

    /// Index of the first member at or after a point, counted from zero upwards.
    private func lowerBound(_ id: Identifier) -> Int {
        members.partitioningIndex { $0.id >= id }
    }

    private func index(of id: Identifier) -> Int? {
        let place = lowerBound(id)
        return place < members.count && members[place].id == id ? place : nil
    }

    private mutating func checkLists() {
        for (position, member) in members.enumerated() {
            if bestSuccessor[position] == nil, members.count > 1 {
                violations.append(.noLiveSuccessor(member.id))
            }
            var last = member.id
            for successor in member.successors {
                guard successor != member.id, successor != last,
                    Ring.isBetween(last, successor, member.id)
                else {
                    violations.append(.disorderedList(member.id))
                    break
                }
                last = successor
            }
        }
    }

    /// Members that no adjacent pair of any extended list skips: a circular difference array.
    private mutating func findPrincipals() {
        let count = members.count
        var difference = Array(repeating: 0, count: count + 1)
        for member in members {
            var last = member.id
            for next in member.successors {
                let first = lowerBound(last) + (index(of: last) == nil ? 0 : 1)
                let end = lowerBound(next)
                if last < next {
                    if first < end {
                        difference[first] += 1
                        difference[end] -= 1
                    }
                } else {
                    difference[first] += 1
                    difference[count] -= 1
                    difference[0] += 1
                    difference[end] -= 1
                }
                last = next
            }
        }
        var skips = 0
        isPrincipal = (0..<count).map { position in
            skips += difference[position]
            return skips == 0
        }
        // A ring that shrank below its base has fewer members than principals needed.
        let needed = listLength + 1
        if principalCount < needed {
            violations.append(.insufficientPrincipals(found: principalCount, needed: needed))
        }
    }

    /// Nodes on cycles of best successors; a second cycle is a violation.
    private mutating func findRing() {
        let count = members.count
        isOnRing = Array(repeating: false, count: count)
        var visit = Array(repeating: -1, count: count)
        var ringFound = false
        for start in 0..<count where visit[start] == -1 {
            var path: [Int] = []
            var current: Int? = start
            while let node = current, visit[node] == -1 {
                visit[node] = start
                path.append(node)
                current = bestSuccessor[node]
            }
            guard let closing = current, visit[closing] == start,
                let first = path.firstIndex(of: closing)
            else { continue }
            if ringFound { violations.append(.severalRings(members[closing].id)) }
            ringFound = true
            for node in path[first...] { isOnRing[node] = true }
        }
        if !ringFound, count > 1 { violations.append(.noRing) }
    }

    private mutating func checkRing() {
        let count = members.count
        var reachesRing = isOnRing
        for position in 0..<count {
            if isPrincipal[position], !isOnRing[position], count > 1 {
                violations.append(.principalOffRing(members[position].id))
            }
            if isOnRing[position], let next = bestSuccessor[position] {
                checkOrder(from: position, to: next)
            }
            var path: [Int] = []
            var current = position
            while !reachesRing[current], path.count <= count, let next = bestSuccessor[current] {
                path.append(current)
                current = next
            }
            if reachesRing[current] {
                for node in path { reachesRing[node] = true }
            } else if count > 1 {
                violations.append(.disconnected(members[position].id))
            }
        }
    }

    private mutating func checkOrder(from position: Int, to next: Int) {
        var between = (position + 1) % members.count
        while between != next {
            if isOnRing[between] {
                violations.append(.disorderedRing(members[position].id))
                return
            }
            between = (between + 1) % members.count
        }
    }
}
