package import KBR
internal import SansIO

/// The common API on this ring (`Spec/common-api.md`).
extension ChordNode: CommonAPI {
    package var local: NodeHandle { node }

    package func nextHop(
        toward key: Identifier,
        avoiding: (Identifier) -> Bool
    ) -> RouteDecision {
        guard isMember else { return .unknown }
        if let range = ownRange, range.contains(key) { return .deliverHere }
        // The last hop: a list that covers the key names its root.
        for successor in successors where !isSuspected(successor) && !avoiding(successor.id) {
            if RingInterval(after: node.id, through: successor.id).contains(key) {
                return .forward(successor)
            }
        }
        if let root = knownRoot(of: key, avoiding: avoiding) { return .forward(root) }
        return closestPrecedingNode(key, avoiding: avoiding).map { .forward($0) } ?? .unknown
    }

    /// The first known member at or after the key, in the one-hop geometry; nil if this node is
    /// nearer.
    private func knownRoot(of key: Identifier, avoiding: (Identifier) -> Bool) -> NodeHandle? {
        guard !members.isEmpty else { return nil }
        let root = members.clockwise(after: key &- .powerOfTwo(0))
            .first { !isSuspected($0) && !avoiding($0.id) }
        return root.flatMap { $0.id &- key < node.id &- key ? $0 : nil }
    }

    package func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle] {
        guard isMember, count > 0 else { return [] }
        var result: [NodeHandle] = []
        if let range = ownRange, range.contains(key) { result.append(node) }
        result += successors.filter {
            !isSuspected($0) && RingInterval(after: node.id, through: $0.id).contains(key)
        }.prefix(1)
        if !safe, result.isEmpty, let root = knownRoot(of: key, avoiding: { _ in false }) {
            result.append(root)
        }
        for candidate in closestPreceding(key, usingFingers: !safe)
        where !result.contains(where: { $0.id == candidate.id }) {
            result.append(candidate)
        }
        return Array(result.prefix(count))
    }

    package func neighborSet(count: Int) -> [NodeHandle] {
        guard isMember, count > 0 else { return [] }
        let view = ringView
        var result: [NodeHandle] = []
        for step in 1...max(view.nodes.count, 1) {
            for index in [view.position + step, view.position - step] {
                guard let neighbor = view.node(at: index), neighbor.id != node.id,
                    !result.contains(where: { $0.id == neighbor.id })
                else { continue }
                result.append(neighbor)
            }
        }
        return Array(result.prefix(count))
    }

    package func replicaSet(of key: Identifier, count: Int) -> ReplicaSet {
        let none = ReplicaSet(members: [], isComplete: false)
        guard isMember, count > 0 else { return none }
        let view = ringView
        guard let root = view.root(of: key) else { return none }
        let most = view.isWholeRing ? min(count, view.nodes.count) : count
        var members: [NodeHandle] = []
        while members.count < most, let member = view.node(at: root + members.count) {
            members.append(member)
        }
        return ReplicaSet(members: members, isComplete: members.count == most)
    }

    package func range(of id: Identifier, rank: Int, cumulative: Bool) -> RingInterval? {
        guard isMember, rank >= 0 else { return nil }
        let view = ringView
        guard let index = view.nodes.firstIndex(where: { $0.id == id }) else { return nil }
        if view.isWholeRing, rank >= view.nodes.count - 1 {
            // Of the last rank the node is root for the arc after itself; there is none beyond.
            if cumulative { return .wholeCircle(endingAt: id) }
            guard rank == view.nodes.count - 1, let first = view.node(at: index + 1) else {
                return nil
            }
            return RingInterval(after: id, through: first.id)
        }
        guard rank < view.nodes.count, let lower = view.node(at: index - rank - 1),
            let upper = cumulative ? view.nodes[index] : view.node(at: index - rank)
        else { return nil }
        return RingInterval(after: lower.id, through: upper.id)
    }

    package func isRoot(of key: Identifier) -> Certainty {
        guard isMember, !isIsolated, let range = ownRange else { return .unsure }
        if range.contains(key) { return isSettled ? .yes : .unsure }
        // A live node at or after the key and before this one is a better root.
        var known = successors + fingers.nodes + (predecessor.map { [$0] } ?? [])
        if let root = knownRoot(of: key, avoiding: { _ in false }) { known.append(root) }
        let hasBetter = known.contains {
            !isSuspected($0) && $0.id != node.id
                && RingInterval(after: node.id, through: $0.id).contains(key)
        }
        return hasBetter ? .no : .unsure
    }

    /// From the closest predecessor not suspected; nil if none is known.
    var ownRange: RingInterval? {
        guard isMember, let predecessor else { return nil }
        if predecessor.id == node.id { return .wholeCircle(endingAt: node.id) }
        if !isSuspected(predecessor) {
            return RingInterval(after: predecessor.id, through: node.id)
        }
        if let before = ringView.node(at: ringView.position - 1) {
            return RingInterval(after: before.id, through: node.id)
        }
        return RingInterval(after: predecessor.id, through: node.id)
    }

    /// Whether the range is confirmed: by the roster, by being alone, or by a recent notify.
    var isSettled: Bool {
        switch phase {
        case .forming:
            guard let founder = roster?.founder else { return false }
            return !isSuspected(founder)
        case .formed:
            guard let predecessor, !isIsolated else { return false }
            if predecessor.id == node.id { return true }
            guard !isSuspected(predecessor), let verifiedUntil else { return false }
            return verifiedUntil > now
        case .outside, .joining, .leaving: return false
        }
    }
}
