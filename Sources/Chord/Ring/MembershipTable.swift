internal import KBR

/// The members of the ring as far as this node knows them, for the one-hop geometry
/// (`Spec/chord.md` §7.2).
///
/// Hints, as fingers are.
struct MembershipTable: Sendable {
    static let limit = 16_384

    /// By identifier, none twice; the owner may be one of them.
    private(set) var nodes: [NodeHandle] = []
    /// After which identifier the walk around the ring goes on; nil: at this node's own neighbours.
    var cursor: Identifier?
    /// Who told nothing when asked last, and how often it has held up the walk.
    var stall: (peer: Identifier, times: Int)?
    /// Whether the walk has been around once.
    var isComplete = false

    init() {}

    /// - Parameter nodes: by identifier, none twice.
    init(_ nodes: [NodeHandle]) {
        self.nodes = nodes
        isComplete = true
    }

    var isEmpty: Bool { nodes.isEmpty }

    /// Clockwise from the first node strictly after `point`; ends where it began.
    func clockwise(after point: Identifier) -> some Sequence<NodeHandle> {
        let start = lowerBound(point &+ .powerOfTwo(0))
        return (0..<nodes.count).lazy.map { [nodes] in nodes[(start + $0) % nodes.count] }
    }

    /// Counter-clockwise from the last node strictly before `point`; ends where it began.
    func counterclockwise(before point: Identifier) -> some Sequence<NodeHandle> {
        let start = lowerBound(point) + nodes.count - 1
        return (0..<nodes.count).lazy.map { [nodes] in nodes[(start - $0) % nodes.count] }
    }

    mutating func insert(_ node: NodeHandle) {
        let index = lowerBound(node.id)
        if index < nodes.count, nodes[index].id == node.id {
            if nodes[index].isOlder(than: node) { nodes[index] = node }
        } else if nodes.count < Self.limit {
            nodes.insert(node, at: index)
        }
    }

    /// What a member says of an arc.
    mutating func replace(_ arc: RingInterval, with page: [NodeHandle]) {
        let named = Set(page.map(\.id))
        nodes.removeAll { arc.contains($0.id) && !named.contains($0.id) }
        for node in page { insert(node) }
    }

    mutating func remove(_ id: Identifier) {
        let index = lowerBound(id)
        if index < nodes.count, nodes[index].id == id { nodes.remove(at: index) }
    }

    mutating func refresh(_ handle: NodeHandle) {
        let index = lowerBound(handle.id)
        if index < nodes.count, nodes[index].isOlder(than: handle) { nodes[index] = handle }
    }

    /// Index of the first node at or after an identifier, `nodes.count` if there is none.
    private func lowerBound(_ id: Identifier) -> Int {
        nodes.partitioningIndex { $0.id >= id }
    }
}
