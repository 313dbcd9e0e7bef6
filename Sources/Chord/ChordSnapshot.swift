package import KBR

/// A read-only view of one Chord node for checkers, `prost ring show` and tests.
package struct ChordSnapshot: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case outside
        case joining
        case forming
        case formed
        case leaving
    }

    package var node: NodeHandle
    package var phase: Phase
    /// Length r of successor lists on this ring.
    package var successorListLength: Int
    package var geometry: Geometry
    package var predecessor: NodeHandle?
    /// As stabilization keeps them, suspects included.
    package var successors: [NodeHandle]
    /// Distinct fingers, farthest first.
    package var fingers: [NodeHandle]
    /// Other members in the one-hop geometry's table, 0 in others.
    package var knownMembers: Int
    /// Members of the forming ring, or the ring as it was formed.
    package var roster: Roster?
    /// Peers this node believes dead, in order of identifiers.
    package var suspects: [Identifier]
    /// Whether it is in the middle of a step and answers state queries with BUSY.
    package var isInStep: Bool
    /// The closest notifier not rectified yet.
    package var candidate: NodeHandle?
    /// Whether the predecessor confirmed this node's range lately.
    package var isSettled: Bool
    /// Number of nodes, estimated from the density of the successor list.
    package var estimatedSize: UInt64
    package var epoch: UInt64
}
