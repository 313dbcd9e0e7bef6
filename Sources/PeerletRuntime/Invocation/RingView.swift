package import KBR
package import SansIO

/// An immutable picture of the ring for one upcall (`Spec/node.md` §3).
package struct RingView: Sendable {
    /// Grows with every change of this node's neighbourhood or of a configured range.
    package var epoch: UInt64
    package var routing: any CommonAPI
    /// For applications with a consistent store: the configured arcs that this node is in; nil for
    /// all others, which see the ring's current knowledge.
    package var configured: [ConfiguredRange]?

    package init(epoch: UInt64, routing: any CommonAPI, configured: [ConfiguredRange]?) {
        self.epoch = epoch
        self.routing = routing
        self.configured = configured
    }
}

/// An arc of a consistent application's store as this node holds it (`Spec/node.md` §8).
package struct ConfiguredRange: Hashable, Sendable {
    package var arc: RingInterval
    package var epoch: UInt64
    /// The root first.
    package var members: [NodeHandle]
    /// Whether this node may serve the arc now: as root when it is the first member.
    package var isServing: Bool
    /// Until when it may answer from its own rows without asking others; nil: not now.
    package var leaseEnd: Instant?

    package init(
        arc: RingInterval,
        epoch: UInt64,
        members: [NodeHandle],
        isServing: Bool,
        leaseEnd: Instant? = nil
    ) {
        self.arc = arc
        self.epoch = epoch
        self.members = members
        self.isServing = isServing
        self.leaseEnd = leaseEnd
    }

    package var withoutLease: ConfiguredRange {
        var range = self
        range.leaseEnd = nil
        return range
    }
}
