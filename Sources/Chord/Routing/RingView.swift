internal import KBR

/// The part of the ring that a node knows without gaps: predecessors, itself, successors.
struct RingView: Sendable {
    /// Clockwise.
    let nodes: [NodeHandle]
    /// Where the owner stands in `nodes`.
    let position: Int
    /// Whether `nodes` are all nodes of the ring.
    let isWholeRing: Bool

    /// The node at an index that may run past either end, nil beyond what is known.
    func node(at index: Int) -> NodeHandle? {
        guard isWholeRing else { return nodes.indices.contains(index) ? nodes[index] : nil }
        guard !nodes.isEmpty else { return nil }
        let turned = index % nodes.count
        return nodes[turned < 0 ? turned + nodes.count : turned]
    }

    /// Index of the root of `key`, nil if it lies outside what is known.
    func root(of key: Identifier) -> Int? {
        for index in nodes.indices {
            guard let before = node(at: index - 1) else { continue }
            if RingInterval(after: before.id, through: nodes[index].id).contains(key) {
                return index
            }
        }
        return nil
    }
}

extension ChordNode {
    /// Suspects are left out: their ranges have passed to the nodes after them.
    var ringView: RingView {
        let after = successors.filter { !isSuspected($0) }
        let known = (predecessor.map { [$0] } ?? []) + furtherPredecessors
        let before = known.filter { $0.id != node.id && !isSuspected($0) }
        let closesRing = predecessor.map { last in
            last.id == node.id || successors.contains { $0.id == last.id }
        }
        if phase == .forming || closesRing == true {
            return RingView(nodes: [node] + after, position: 0, isWholeRing: true)
        }
        var nodes = [node] + after
        var first = node.id
        var isWholeRing = false
        for neighbor in before {
            // Going counter-clockwise until the list meets itself.
            guard let last = nodes.last, last.id != neighbor.id || nodes.count == 1 else {
                isWholeRing = true
                break
            }
            guard nodes.count == 1 || Ring.isBetween(last.id, neighbor.id, first) else { break }
            nodes.insert(neighbor, at: 0)
            first = neighbor.id
        }
        let position = nodes.firstIndex { $0.id == node.id } ?? 0
        return RingView(nodes: nodes, position: position, isWholeRing: isWholeRing)
    }
}
