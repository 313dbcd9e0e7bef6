internal import KBR
internal import PeerletRuntime
internal import SansIO

/// One attempt of this node to make the next configuration of an arc (`Spec/consistency.md` §5).
struct Takeover: Sendable {
    enum Phase: Sendable {
        case discovering
        /// For the end of the leases that this node has granted to others (§4.8).
        case awaitingLeases
        case preparing
        case summarizing
        case collecting
        case summarizingResult
        case staging
        case accepting
        case superseding
        case committing
    }

    /// What this node itself finished.
    enum Step: Sendable {
        case promised
        case summarized
        case collectedSpan
        case collectedPage(after: [UInt8]?)
        case stagePage(Identifier, after: [UInt8]?)
        case accepted
        case committed
    }

    /// A part of the arc with one history: the chosen configuration to follow, and one accepted
    /// after it that may have been chosen too.
    struct Piece: Hashable, Sendable {
        var arc: RingInterval
        var chosen: Configuration?
        var pending: Configuration?

        /// The configuration whose members may have the newest rows.
        var source: Configuration? { pending ?? chosen }
    }

    struct Request: Sendable {
        var node: NodeHandle
        var message: RangeMessage
        var attempts = 1
        var next: Instant
    }

    struct Staging: Sendable {
        var node: NodeHandle
        var isDone = false
        var lastProgress: Instant
    }

    static let maximumPieces = 8
    /// Most nodes asked before an arc counts as never configured.
    static let searchLimit = 16

    let token: UInt64
    var arc: RingInterval
    var phase = Phase.discovering
    var ballot = Ballot.none
    /// Repeated until answered, at most one per node.
    var requests: [Request] = []
    /// When the phase may go on without the rest.
    var graceEnd: Instant?

    var asked: Set<Identifier> = []
    var answers: [Identifier: Discovery] = [:]
    var pieces: [Piece] = []
    /// Nodes whose promise is durable, with what they knew.
    var promises: [Identifier: [Segment]] = [:]

    var sources: [NodeHandle] = []
    var digests: [Identifier: RangeDigest] = [:]
    /// One source for each different content, and where the merge stands.
    var streams: [NodeHandle] = []
    var pages: [Identifier: RowPage] = [:]
    var cursor: [UInt8]?
    var mergedToEnd = false

    var members: [NodeHandle] = []
    var stagings: [Staging] = []
    var accepted: Set<Identifier> = []
    /// Parts of the arc that a node has accepted so far.
    var acceptedPieces: [Identifier: Int] = [:]

    init(token: UInt64, arc: RingInterval) {
        self.token = token
        self.arc = arc
    }

    var configuration: Configuration { Configuration(ballot: ballot, members: members) }

    var nextDeadline: Instant {
        var deadlines = requests.map(\.next)
        if let graceEnd { deadlines.append(graceEnd) }
        if phase == .staging {
            deadlines += stagings.filter { !$0.isDone }.map { $0.lastProgress + RangeTiming.stall }
        }
        return deadlines.min() ?? Instant(nanoseconds: .max)
    }
}
