package import KBR

/// Whom the repetitions of a request ask, of the nodes that a search has found
/// (`Spec/node.md` §3.4): the root twice, then one stand-in after the other.
package struct ReplicaTurns: Sendable {
    package struct Turn: Hashable, Sendable {
        package var node: NodeHandle
        package var rank: UInt8
    }

    /// Direct tries with rank 0 before anybody stands in for the root.
    private static let rootTries = 2

    /// The root first.
    private let nodes: [NodeHandle]
    private var taken = 0
    /// Those that took a message over, or said BUSY.
    private var responsive: [Identifier] = []

    package init(_ nodes: [NodeHandle]) { self.nodes = nodes }

    /// The node is there, so that responsibility stays with it unless others may stand in.
    package mutating func acknowledged(by id: Identifier) {
        if nodes.contains(where: { $0.id == id }), !responsive.contains(id) {
            responsive.append(id)
        }
    }

    /// The next one; nil after the last, and before a stand-in whose turn it is not.
    ///
    /// - Parameters:
    ///   - limit: The ring's replica count.
    ///   - standIns: Nodes of the replica set, the root included, that may answer although those
    ///     before them acknowledge; the others act only for nodes that are silent.
    package mutating func next(limit: Int, standIns: Int) -> Turn? {
        let rank = max(taken - Self.rootTries + 1, 0)
        guard rank < min(nodes.count, limit) else { return nil }
        let isSilent = !nodes.prefix(rank).contains { responsive.contains($0.id) }
        guard rank < max(standIns, 1) || isSilent else { return nil }
        taken += 1
        return Turn(node: nodes[rank], rank: UInt8(clamping: rank))
    }
}
