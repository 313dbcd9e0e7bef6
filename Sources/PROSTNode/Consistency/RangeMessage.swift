package import KBR
package import PeerletRuntime

/// What nodes say to each other to move ranges between configurations (`Spec/consistency.md` §3).
///
/// A request and its answer carry the same token; all requests may be repeated.
package enum RangeMessage: Hashable, Sendable {
    case discover(token: UInt64, arc: RingInterval)
    case discovered(token: UInt64, Discovery)
    case prepare(token: UInt64, arc: RingInterval, Ballot)
    case promised(token: UInt64, Ballot, [Segment])
    /// Higher ballots were promised; the highest.
    case refused(token: UInt64, Ballot)
    case summarize(token: UInt64, arc: RingInterval)
    case summary(token: UInt64, RangeDigest)
    case fetch(token: UInt64, arc: RingInterval, after: [UInt8]?)
    case rows(token: UInt64, after: [UInt8]?, RowPage)
    case stage(token: UInt64, arc: RingInterval, Ballot, after: [UInt8]?, RowPage)
    /// How far the arc now holds what was staged: nil to its end.
    case staged(token: UInt64, through: [UInt8]?)
    case accept(token: UInt64, arc: RingInterval, Configuration, base: Configuration?)
    case accepted(token: UInt64, arc: RingInterval)
    case commit(token: UInt64, arc: RingInterval, Configuration)
    case committed(token: UInt64)
    /// The sender leaves the ring and asks the receiver to take this arc over.
    case takeOver(arc: RingInterval)
    /// The root asks a member to promise nobody else a ballot for a while.
    case lease(token: UInt64, arc: RingInterval, Ballot)
    case leased(token: UInt64)
    /// The root reads no more in the arc: it has promised another ballot.
    case release(arc: RingInterval, Ballot)

    /// Most segments of one answer.
    package static let maximumSegments = 64
    /// Most rows of one page, and their bytes: the row that passes the latter is the last.
    package static let pageRows = 128
    package static let pageBytes = 192 * 1024
}

/// A node's answer about an arc.
package struct Discovery: Hashable, Sendable {
    /// Whether the node hosts the application.
    package var hosts: Bool
    /// Whether it is about to take over a part of the arc itself.
    package var isAcquiring: Bool
    /// What it knows, clipped to the arc.
    package var segments: [Segment]
    /// Its successors, where the search may go on.
    package var successors: [NodeHandle]

    package init(
        hosts: Bool,
        isAcquiring: Bool,
        segments: [Segment],
        successors: [NodeHandle]
    ) {
        self.hosts = hosts
        self.isAcquiring = isAcquiring
        self.segments = segments
        self.successors = successors
    }
}

/// Consecutive rows of an arc, clockwise from its lower bound.
package struct RowPage: Hashable, Sendable {
    package var rows: [StoreRow]
    /// Whether the arc goes on after the last row.
    package var hasMore: Bool

    package init(rows: [StoreRow], hasMore: Bool) {
        self.rows = rows
        self.hasMore = hasMore
    }
}
