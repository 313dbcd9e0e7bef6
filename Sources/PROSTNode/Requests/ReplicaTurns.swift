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
    private let local: Identifier
    private var taken = 0
    /// Those that took a message over, or said BUSY.
    private var responsive: [Identifier] = []

    /// - Parameters:
    ///   - nodes: Those that follow `key`, nearest first.
    ///   - local: Who asks; it is given its place among them and counts as there.
    package init(_ nodes: [NodeHandle], after key: Identifier, local: NodeHandle) {
        let others = nodes.filter { $0.id != local.id }
        let place = others.firstIndex { local.id &- key < $0.id &- key }
        self.nodes = place.map { others[..<$0] + [local] + others[$0...] } ?? others
        self.local = local.id
        responsive = [local.id]
    }

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
        var rank = max(taken - Self.rootTries + 1, 0)
        // Its own place is not asked: what it has to say it has said.
        while rank < nodes.count, nodes[rank].id == local {
            rank += 1
            taken = rank + Self.rootTries - 1
        }
        guard rank < min(nodes.count, limit) else { return nil }
        let isSilent = !nodes.prefix(rank).contains { responsive.contains($0.id) }
        guard rank < max(standIns, 1) || isSilent else { return nil }
        taken += 1
        return Turn(node: nodes[rank], rank: UInt8(clamping: rank))
    }
}
