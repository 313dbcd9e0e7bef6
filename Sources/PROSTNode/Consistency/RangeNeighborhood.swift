package import KBR
internal import SansIO

/// The ring as a keeper sees it.
package struct RangeNeighborhood: Hashable, Sendable {
    /// Nearest first, without this node.
    package var successors: [NodeHandle]
    package var predecessor: NodeHandle?
    /// The arc this node is the first hosting node of; nil while the ring is not sure.
    package var range: RingInterval?
    /// Predecessors that do not host the application: they serve nothing.
    package var refusing: Set<Identifier>

    package init(
        successors: [NodeHandle],
        predecessor: NodeHandle?,
        range: RingInterval?,
        refusing: Set<Identifier> = []
    ) {
        self.successors = successors
        self.predecessor = predecessor
        self.range = range
        self.refusing = refusing
    }
}

/// For `prost status`; a node is done when the last two are zero.
package struct RangeStatus: Hashable, Sendable {
    /// Arcs served as root.
    package var serving = 0
    /// Parts of the node's range that it does not serve.
    package var acquiring = 0
    /// Served arcs that lack a replica which the ring could hold, or whose configuration most of
    /// its members do not know for chosen yet.
    package var underReplicated = 0

    package init() {}
}

/// Rules that tests leave out on purpose, to prove that their absence would be noticed.
package struct PlantedFaults: Sendable {
    /// Answer before a promise is durable.
    package var promisesEarly = false
    /// Be content with one answer instead of a majority.
    package var skipsMajority = false
    /// Keep rows that the staged page does not have.
    package var keepsLeftovers = false
    /// Store changes of older epochs.
    package var ignoresFence = false
    /// Promise while another root holds a lease.
    package var ignoresLeases = false

    package init() {}
}

/// How long a keeper waits (`Spec/consistency.md` §6).
enum RangeTiming {
    static let firstRepeat = TimeSpan.milliseconds(300)
    static let longestRepeat = TimeSpan.seconds(2)
    /// Repeats after which a node outside the neighbourhood counts as gone.
    static let patience = 3
    /// How long to wait for more than a majority.
    static let grace = TimeSpan.milliseconds(250)
    /// How long a member that makes no progress holds up the others.
    static let stall = TimeSpan.seconds(3)
    static let backoff = TimeSpan.milliseconds(50)
    static let hostingRefresh = TimeSpan.seconds(5)
}
