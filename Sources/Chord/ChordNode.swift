package import KBR
package import SansIO

/// One member of a Chord ring as a deterministic state machine without I/O (`Spec/chord.md`).
///
/// The driver hands in inputs, carries out effects in order, and calls with `.wake` at
/// `nextDeadline`.
package struct ChordNode: Sendable {
    enum Phase: Sendable {
        case outside
        case joining
        case forming
        case formed
        case leaving
    }

    /// What the node is in the middle of; meanwhile its pointers are undefined for others (§4.2).
    enum Step: Hashable, Sendable {
        case idle
        case stabilizingFromSuccessor
        case stabilizingFromPredecessor
        case rectifying
    }

    enum Timer: Hashable, Sendable {
        case stabilize
        case fingers
        case forming
        case join
        case verification
        case suspicion
        case ringCheck
        case request(UInt64)
    }

    package let node: NodeHandle
    package let configuration: ChordConfiguration
    /// The planted bug that checkers must find; none in a real node.
    let fault: RingFault?

    var phase = Phase.outside { didSet { pointerVersion += 1 } }
    var step = Step.idle
    /// First live entry first; Zave's `succ`.
    var successors: [NodeHandle] = [] { didSet { pointerVersion += 1 } }
    /// Zave's `prdc`.
    var predecessor: NodeHandle? { didSet { pointerVersion += 1 } }
    /// The predecessor's predecessors, closest first: its word, for ranges of higher rank.
    var furtherPredecessors: [NodeHandle] = [] { didSet { pointerVersion += 1 } }
    /// Until when the predecessor's last notify vouches for the range.
    var verifiedUntil: Instant?
    var predecessorHeardAt = Instant.zero
    /// The best candidate that notified and waits for the node to be idle.
    var pendingCandidate: (node: NodeHandle, predecessors: [NodeHandle])?
    /// The forming ring's members; after forming, the ring as it was formed.
    var roster: Roster? { didSet { pointerVersion += 1 } }
    /// Members known to hold the current roster (founder only).
    var rosterHolders: [Identifier] = []
    @OnHeap var joining: JoinAttempt? = nil
    var fingers = FingerTable()
    /// Empty but in the one-hop geometry.
    var members = MembershipTable()
    @OnHeap var fingerSearch: FingerSearch? = nil
    /// Whether the successor list ran empty by failures rather than departures.
    var isIsolated = false
    /// Peers that answered once, newest last: a node that lost all successors tries them.
    var acquaintances: [NodeHandle] = []
    var remembered = RememberedPeers()
    @OnHeap var ringCheck: RingCheck? = nil
    /// Remembered peers that this round may still ask.
    var checksLeft = 0
    /// Whether this round asks remembered peers rather than known members.
    var checksRemembered = false
    /// Searches that the layers above asked for, by their numbers.
    var searches: [UInt64: ReplicaLookup] = [:]
    var busyInARow: UInt64 = 0
    /// Whether the step in progress changed the successor list.
    var listChanged = false
    var restored: RingRecord?

    /// Grows when anything that a snapshot's pointers or the neighborhood show may have changed.
    package internal(set) var pointerVersion: UInt64 = 0
    /// The version that was announced last.
    var announcedVersion: UInt64 = 0

    var detector = FailureDetector()
    var pending = PendingRequests()
    var timers = TimerTable<Timer>()
    var random: DeterministicRandom
    var announced: Neighborhood
    var now = Instant.zero

    /// `seed` decides all delays; nodes with different seeds do not beat in time.
    package init(
        self node: NodeHandle,
        configuration: ChordConfiguration,
        seed: UInt64,
        fault: RingFault? = nil
    ) {
        self.node = node
        self.configuration = configuration
        self.fault = fault
        random = DeterministicRandom(seed: seed)
        announced = Neighborhood(node: node)
    }

    /// Length r of the successor list.
    var listLength: Int { configuration.successorListLength }

    var isMember: Bool { phase == .forming || phase == .formed }

    /// When `.wake` is to be given next; nil if nothing is due ever.
    package mutating func nextDeadline() -> Instant? { timers.nextDeadline() }

    /// One step.
    package mutating func handle(
        _ input: ChordInput,
        at now: Instant,
        emit: inout EffectBuffer<ChordEffect>
    ) {
        self.now = max(now, self.now)
        switch input {
        case .found: found(&emit)
        case .join(let contacts): startJoining(contacts, &emit)
        case .message(let message, let peer): receive(message, from: peer, &emit)
        case .wake: break
        case .peerFailed(let id, let failure): peerFailed(id, failure, &emit)
        case .search(let number, let key): search(number, for: key, &emit)
        case .endSearch(let number): endSearch(number)
        case .leave: leave(&emit)
        case .stabilize: stabilize(&emit)
        case .checkRing(let peer): checkRing(through: peer, &emit)
        case .restore(let record):
            restored = record
            for contact in record.contacts { remember(contact) }
        }
        while let timer = timers.popExpired(at: self.now) { fire(timer, &emit) }
        announceNeighborhood(&emit)
    }

    private mutating func fire(_ timer: Timer, _ emit: inout EffectBuffer<ChordEffect>) {
        switch timer {
        case .stabilize: stabilize(&emit)
        case .fingers: repairPointers(&emit)
        case .forming: tendForming(&emit)
        case .join: continueJoining(&emit)
        case .verification: break
        case .suspicion: scheduleSuspicionExpiry()
        case .ringCheck: beginRingCheck(&emit)
        case .request(let number): requestTimedOut(number, &emit)
        }
    }

    private mutating func receive(
        _ message: ChordMessage,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard peer.id != node.id else { return }
        refresh(peer)
        switch message {
        case .ping(let request):
            emit(.send(.pong(request: request, isMember: isMember), to: peer))
        case .stateQuery(let request): answerStateQuery(request, from: peer, &emit)
        case .lookup(let request, let target):
            answerLookup(request, target, from: peer, &emit)
        case .membersQuery(let request, let point):
            answerMembersQuery(request, after: point, from: peer, &emit)
        case .notify(let predecessors): notified(by: peer, predecessors, &emit)
        case .admit(let request): answerAdmission(request, from: peer, &emit)
        case .roster(let request, let roster):
            rosterReceived(request, roster, from: peer, &emit)
        case .leaving(let request, let predecessors, let successors):
            neighborLeaves(request, peer, predecessors, successors, &emit)
        case .pong(let request, _), .busy(let request), .stateReply(let request, _),
            .lookupReply(let request, _), .membersReply(let request, _),
            .acknowledge(let request):
            replyReceived(request, message, from: peer, &emit)
        }
    }

    /// A handle with a later address replaces the known one everywhere.
    private mutating func refresh(_ handle: NodeHandle) {
        for index in successors.indices where successors[index].isOlder(than: handle) {
            successors[index] = handle
        }
        if let old = predecessor, old.isOlder(than: handle) { predecessor = handle }
        fingers.refresh(handle)
        remembered.refresh(handle)
        for index in acquaintances.indices where acquaintances[index].isOlder(than: handle) {
            acquaintances[index] = handle
        }
        members.refresh(handle)
    }

    func answerStateQuery(
        _ request: UInt64,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        let isBusy = phase == .formed && step != .idle
        emit(
            .send(
                isBusy ? .busy(request: request) : .stateReply(request: request, ringState),
                to: peer
            )
        )
    }

    /// What this node tells of its place.
    var ringState: RingState {
        switch phase {
        case .outside, .joining, .leaving: .outside
        case .forming: roster.map { .forming($0) } ?? .outside
        case .formed: .formed(predecessor: predecessor, successors: successors)
        }
    }
}
