package import Chord
package import KBR
internal import PeerletRuntime
package import SansIO
internal import Wire

/// A whole PROST node as one deterministic state machine without I/O (`Spec/node.md`).
///
/// The daemon drives it from sockets, threads and a disk; the simulator drives thousands of the
/// very same nodes in virtual time. Its folders are the stages of a message: Routing, Dispatch,
/// Policy, Admission, Loader, Instances, Requests.
package struct Node: Sendable {
    let configuration: NodeConfiguration
    package let handle: NodeHandle
    package internal(set) var chord: ChordNode
    var neighborhood: Neighborhood
    /// Epoch of ring views: grows with the neighbourhood and with configured ranges.
    var ringEpoch: UInt64 = 0

    package internal(set) var policy: NodePolicy
    var admission: Admission
    var loader: CodeLoader
    package internal(set) var limitLedger = LimitLedger()
    /// Applications hosted here.
    var applications: [ApplicationID: HostedApplication] = [:]
    var instances: [InstanceID: InstanceRecord] = [:]
    /// Those that were stopped, the latest last.
    var stoppedInstances: [InstanceID] = []

    var passages: PassageTable
    var duplicates: ExpiringTable<HopKey, Void>
    var reversePaths: ExpiringTable<ReversePath, NodeHandle>
    var requests = PendingRequests()
    let authority: ReplyAuthority
    let macSecret: [UInt8]
    package internal(set) var ledger = BudgetLedger()

    /// Nodes with an open connection.
    var connected = IdentifierMap<NodeHandle>()
    /// Instances that watch a node.
    var watchers: [Identifier: Set<InstanceID>] = [:]
    var clients: Set<UInt64> = []
    var timers = TimerTable<NodeTimer>()
    var random: DeterministicRandom
    var batches: [UInt64: BatchOwner] = [:]
    var reads: [UInt64: RangeRead] = [:]
    /// Rows of configurations, as they will be on disk.
    var rangeRows: [StoreRow] = []
    /// Nodes of the ring, as last stored, and whether it ever was formed.
    package internal(set) var contacts: [NodeHandle] = []
    var wasFormed = false
    /// What was hosted at the end of the last run, until it is loaded again.
    var hostedBefore: [ApplicationID: RoutedMessage.Code] = [:]
    /// Ring messages that wait for the record of the formed ring; nil when it is durable.
    var heldRingMessages: [(message: ChordMessage, peer: NodeHandle)]?
    /// Records of the formed ring that are being written.
    var formedWrites = 0
    /// Searches for replica sets under way, by the applications that sent the requests.
    var searchShares = RoomShares(capacity: Node.searchLimit)
    var searchCount = 0
    /// Applications that others offered while the loader had no room.
    var offers: [(offer: ApplicationOffer, peer: NodeHandle)] = []
    /// Applications of the last run that have not been started again yet.
    var restored: Set<ApplicationID> = []
    /// Packages that local clients deploy, by the loader's token.
    var deployments: [UInt64: Deployment] = [:]
    /// What requests delivered here have cost so far, for their answers.
    var served = ExpiringTable<ReversePath, ServedRequest>(capacity: 65_536)
    /// Numbers of the next chunk of answers in parts.
    var replySequences = ExpiringTable<ReversePath, UInt32>(capacity: 4096)
    var nextNumber: UInt64 = 0
    var counters = NodeCounters()
    var departure: Departure?
    /// What a simulation has planted.
    package var fault: NodeFault?

    /// Both clocks of the step under way.
    var now = Now(instant: .zero, wall: WallTime(milliseconds: 0))
    /// What the step under way asks for.
    var effects = EffectBuffer<NodeEffect>()

    /// `seed` decides identifiers and delays; `stored` is what `StoreSpace.node` held at the end of
    /// the last run.
    package init(
        handle: NodeHandle,
        configuration: NodeConfiguration,
        policy: NodePolicy,
        totals: NodeTotals,
        seed: UInt64,
        stored: StoredNode
    ) {
        self.configuration = configuration
        self.handle = handle
        self.policy = policy
        admission = Admission(totals: totals)
        random = DeterministicRandom(seed: seed)
        var secrets = random.stream("reply handles")
        authority = ReplyAuthority(node: handle.id, secret: secrets.bytes(32))
        macSecret = secrets.bytes(32)
        var chordSeeds = random.stream("chord")
        chord = ChordNode(
            self: handle,
            configuration: configuration.chord,
            seed: chordSeeds.next()
        )
        neighborhood = Neighborhood(node: handle)
        passages = PassageTable(capacity: configuration.passageLimit)
        duplicates = ExpiringTable(capacity: configuration.duplicateLimit)
        reversePaths = ExpiringTable(capacity: configuration.reversePathLimit)
        loader = CodeLoader(policy: policy, stored: stored.code)
        restore(from: stored)
    }

    /// When `.wake` is due next; nil if nothing waits.
    package mutating func nextDeadline() -> Instant? {
        var next = timers.nextDeadline()
        if let due = chord.nextDeadline(), next.map({ due < $0 }) ?? true { next = due }
        if let due = loader.nextDeadline(), next.map({ due < $0 }) ?? true { next = due }
        return next
    }

    /// One step: takes an input in and appends what is to be done about it.
    package mutating func handle(
        _ input: NodeInput,
        at now: Now,
        emit: inout EffectBuffer<NodeEffect>
    ) {
        self.now = now
        // The driver's buffer is lent to the step, so that nodes by the thousand have none.
        swap(&effects, &emit)
        dispatch(input)
        fireTimers()
        swap(&effects, &emit)
    }

    private mutating func dispatch(_ input: NodeInput) {
        switch input {
        case .found:
            rehost()
            chordInput(.found)
        case .join(let contacts):
            rehost()
            chordInput(.join(contacts: contacts))
        case .frame(let frame, let peer): receive(frame, from: peer)
        case .peerUp(let peer): connected[peer.id] = peer
        case .peerDown(let id): peerDown(id)
        case .undeliverable(let frame, let peer): undeliverable(frame, to: peer)
        case .wake: break
        case .execution(let report): finishUpcall(report)
        case .checked(let report):
            let now = now
            withLoader { $0.checked(report, at: now, &$1) }
        case .downloading(let digest, let attempt, let bytes):
            loader.progressed(digest, attempt: attempt, bytes: bytes)
        case .downloaded(let digest, let attempt, let result):
            let now = now
            withLoader { $0.downloaded(digest, attempt: attempt, result, at: now, &$1) }
        case .committed(let batch, let error): batchCommitted(batch, error)
        case .rows(let request, let result): rowsRead(request, result)
        case .digest(let request, let result): digestRead(request, result)
        case .usage(let application, let usage): usageKnown(application, usage)
        case .snapshot(let request, let instance, let result):
            snapshotRead(request, of: instance, result)
        case .client(let client, let request): receive(request, from: client)
        case .clientGone(let client): clientGone(client)
        case .policy(let policy): reload(policy)
        case .leave: beginDeparture()
        }
    }

    private mutating func fireTimers() {
        if let due = chord.nextDeadline(), due <= now.instant { chordInput(.wake) }
        if let due = loader.nextDeadline(), due <= now.instant {
            let now = now
            withLoader { $0.wake(at: now, &$1) }
        }
        while let timer = timers.popExpired(at: now.instant) { fire(timer) }
        duplicates.removeExpired(at: now.instant)
        reversePaths.removeExpired(at: now.instant)
    }

    private mutating func fire(_ timer: NodeTimer) {
        switch timer {
        case .range(let application): wakeRange(application)
        case .inquiry(let application): inquire(application)
        case .passage(let number): passageExpired(number)
        case .acknowledgement(let number): acknowledgementOverdue(number)
        case .forward(let number): forwardOverdue(number)
        case .reroute(let number): route(number)
        case .rangeWait(let number): rangeOverdue(number)
        case .requestRetry(let nonce): retryRequest(nonce)
        case .requestDeadline(let nonce): requestOverdue(nonce)
        case .instance(let instance, let timer): instanceTimer(instance, timer)
        case .refill(let instance): schedule(instance)
        case .idle(let instance): instanceIsIdle(instance)
        case .ending(let instance): endingOverdue(instance)
        case .usage(let application): effects(.readUsage(application))
        case .departure: departureOverdue()
        }
    }

    private mutating func peerDown(_ id: Identifier) {
        connected[id] = nil
        chordInput(.peerFailed(id, .connectionClosed))
        let now = now
        withLoader { $0.disconnected(id, at: now, &$1) }
    }

    /// A number never used before by this node: invocations, batches, reads.
    mutating func uniqueNumber() -> UInt64 {
        nextNumber += 1
        return nextNumber
    }

    mutating func log(
        _ level: NodeEvent.Level,
        _ name: String,
        _ fields: KeyValuePairs<String, String> = [:]
    ) {
        effects(.log(NodeEvent(level, name, fields)))
    }

    mutating func send(
        _ kind: FrameKind,
        _ body: some WireCodable,
        to peer: NodeHandle,
        _ priority: NodeEffect.Priority = .control
    ) {
        effects(.send(Frame(kind: kind.rawValue, body: body.wireBytes), to: peer, priority))
    }
}

/// The way back of one request's answers.
struct ReversePath: Hashable, Sendable {
    var origin: Identifier
    var nonce: UInt64
}

/// Who is told when a batch is durable.
enum BatchOwner: Hashable, Sendable {
    case instance(InstanceID)
    case range(ApplicationID, batch: UInt64)
    case node
    /// The ring's record: before it is durable nobody is told that the ring has formed.
    case formed
}

/// Counts since the start, for `prost status` and `top`.
package struct NodeCounters: Hashable, Sendable {
    package var messagesIn: UInt64 = 0
    package var messagesOut: UInt64 = 0
    package var delivered: UInt64 = 0
    package var forwarded: UInt64 = 0
    package var forwardUpcalls: UInt64 = 0
    package var duplicatesDropped: UInt64 = 0
    package var busy: UInt64 = 0
    package var expired: UInt64 = 0
    package var malformedFrames: UInt64 = 0
    package var reroutes: UInt64 = 0
    package var staleRejected: UInt64 = 0
}
