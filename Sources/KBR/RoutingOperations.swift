/// Where a message for a key goes next (`Spec/common-api.md` §2).
package enum RouteDecision: Hashable, Sendable {
    /// This node is the root of the key as far as it knows.
    case deliverHere
    /// The next hop.
    case forward(NodeHandle)
    /// The node is in no ring, or every way on is to be avoided.
    case unknown
}

/// Whether a node is the root of a key now.
package enum RootCertainty: Hashable, Sendable {
    case yes
    case no
    /// The ring is changing around this node; ask again later.
    case unsure
}

/// A key's root and the successors that replicate it, root first.
package struct ReplicaSet: Hashable, Sendable {
    package var members: [NodeHandle]
    /// False if this node knows fewer members than were asked for although the ring has more.
    package var isComplete: Bool

    package init(members: [NodeHandle], isComplete: Bool) {
        self.members = members
        self.isComplete = isComplete
    }
}

/// What a node knows of the ring around it: the immutable view that upcalls are answered from.
package struct Neighborhood: Hashable, Sendable {
    package var node: NodeHandle
    /// Closest first; the first is the predecessor, the others are its word.
    package var predecessors: [NodeHandle]
    /// Closest first, without suspects.
    package var successors: [NodeHandle]
    /// Keys whose root this node is; nil outside a ring.
    package var range: RingInterval?
    /// Whether the predecessor confirmed the range lately; if not, root questions are unsure.
    package var isSettled: Bool
    /// Whether the ring still collects its first members and tolerates no failure.
    package var isForming: Bool
    /// Grows with every change of the fields above except `isSettled`.
    package var epoch: UInt64

    package init(node: NodeHandle) {
        self.node = node
        predecessors = []
        successors = []
        range = nil
        isSettled = false
        isForming = false
        epoch = 0
    }

    package var predecessor: NodeHandle? { predecessors.first }
}

/// The common API of structured overlays (Dabek et al., 2003) as every geometry answers it.
package protocol RoutingOperations {
    /// Next hop towards the root of `key`; peers that `avoiding` names are passed by.
    func nextHop(toward key: Identifier, avoiding: (Identifier) -> Bool) -> RouteDecision

    /// Up to `count` next hops towards `key`, best first; `safe` leaves fingers out.
    func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle]

    /// Up to `count` neighbours, closest first, successors and predecessors in turn.
    func neighborSet(_ count: Int) -> [NodeHandle]

    /// The root of `key` and its successors, at most `count`.
    func replicaSet(_ key: Identifier, count: Int) -> ReplicaSet

    /// Keys for which `node` is the root of rank `rank`, 0 the root itself; with `cumulative` of
    /// any rank up to it. Nil if this node cannot tell.
    func range(of node: Identifier, rank: Int, cumulative: Bool) -> RingInterval?

    /// Whether this node is the root of `key`.
    func isRoot(_ key: Identifier) -> RootCertainty
}
