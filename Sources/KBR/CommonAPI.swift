/// The common API of structured overlays (Dabek et al., IPTPS 2003; `Spec/common-api.md`): what a
/// node knows about its ring, asked without changing it.
///
/// Each geometry answers from its own state; nodes and peerlets see nothing else of it.
package protocol CommonAPI: Sendable {
    /// This node.
    var local: NodeHandle { get }

    /// Next hop towards the root of `key`; peers that `avoiding` names are passed by.
    func nextHop(toward key: Identifier, avoiding: (Identifier) -> Bool) -> RouteDecision

    /// Up to `count` candidates for the next hop towards `key`, best first; `safe` leaves out what
    /// is known from hearsay only.
    func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle]

    /// Up to `count` neighbours, closest first, successors and predecessors in turn.
    func neighborSet(count: Int) -> [NodeHandle]

    /// The root of `key` and its successors, at most `count`.
    func replicaSet(of key: Identifier, count: Int) -> ReplicaSet

    /// The arc for which `node` is replica number `rank`, 0 the root; with `cumulative` the arc for
    /// which it is any replica up to that number. Nil if this node cannot tell.
    func range(of node: Identifier, rank: Int, cumulative: Bool) -> RingInterval?

    /// Whether this node is the root of `key`.
    func isRoot(of key: Identifier) -> Certainty
}

/// Where a message for a key goes next.
package enum RouteDecision: Hashable, Sendable {
    /// This node is the root of the key as far as it knows.
    case deliverHere
    /// The next hop.
    case forward(NodeHandle)
    /// The node is in no ring, or every way on is to be avoided.
    case unknown
}

/// An answer that may not be known yet; unsure is never taken for no.
package enum Certainty: Hashable, Sendable {
    case yes
    case no
    /// The ring is changing around this node; ask again later.
    case unsure
}

/// A key's root and the successors that replicate it, root first.
package struct ReplicaSet: Hashable, Sendable {
    /// Empty if this node cannot tell the root.
    package var members: [NodeHandle]
    /// False if this node knows fewer members than were asked for although the ring has more.
    package var isComplete: Bool

    package init(members: [NodeHandle], isComplete: Bool) {
        self.members = members
        self.isComplete = isComplete
    }
}
