/// What a node knows about its ring, asked without changing it: the local calls of the common API
/// for structured overlays (Dabek et al., IPTPS 2003; `Spec/common-api.md`).
///
/// Each geometry answers them from its own state; peerlets see nothing else of it.
package protocol RoutingQueries: Sendable {
    /// This node.
    var local: NodeHandle { get }

    /// Up to `count` candidates for the next hop towards `key`, best first; `safe` leaves out what
    /// is known from hearsay only.
    func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle]

    /// Up to `count` neighbours, nearest first, successors and predecessors interleaved.
    func neighborSet(count: Int) -> [NodeHandle]

    /// The root of `key` and its successors, at most `count`; nil when this node cannot tell.
    func replicaSet(of key: Identifier, count: Int) -> [NodeHandle]?

    /// The arc for which `node` is replica number `rank` (0: root); with `cumulative` the arc for
    /// which it is any replica up to that number; nil when this node cannot tell.
    func range(of node: Identifier, rank: Int, cumulative: Bool) -> RingInterval?

    /// Whether this node is the root of `key`.
    func isRoot(of key: Identifier) -> Certainty
}

/// An answer that may not be known yet; unsure is never taken for no.
package enum Certainty: Hashable, Sendable {
    case yes
    case no
    case unsure
}
