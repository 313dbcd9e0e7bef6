internal import KBR
internal import SansIO

/// The lookup of a node from a peer that may be on another ring.
struct RingCheck: Sendable {
    let peer: NodeHandle
    var lookup: IterativeLookup
}

/// Whether the ring that remembered peers see is this one, and the merge if it is not
/// (`Spec/chord.md` §6.7).
extension ChordNode {
    /// Remembered peers asked in one round, each only if the one before did not answer.
    private static let checksPerRound = 4

    /// A peer that was lost, or that the record of an earlier run names: after a partition it may
    /// be on another ring.
    mutating func remember(_ peer: NodeHandle) {
        if peer.id != node.id { remembered.add(peer) }
    }

    /// Remembers a suspect while its address is still known.
    mutating func rememberLost(_ id: Identifier) {
        let before = (predecessor.map { [$0] } ?? []) + furtherPredecessors
        let known = successors + before + fingers.nodes + acquaintances
        if let peer = known.first(where: { $0.id == id }) { remember(peer) }
    }

    mutating func scheduleRingCheck(soon: Bool = false) {
        let period = configuration.ringCheckPeriod
        let span = soon ? TimeSpan(nanoseconds: period.nanoseconds / 8) : period
        timers.set(.ringCheck, at: now + random.jittered(span))
    }

    /// Once a period, through a remembered peer and a known member in turn; the latter shows
    /// whether the ring winds once.
    mutating func beginRingCheck(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        scheduleRingCheck()
        checksLeft = Self.checksPerRound
        checksRemembered.toggle()
        if checksRemembered, let peer = remembered.next(at: now) {
            return checkRing(through: peer, &emit)
        }
        let known = successors + fingers.nodes
        let choice = Int(truncatingIfNeeded: random.below(UInt64(known.count)))
        if known.indices.contains(choice) { checkRing(through: known[choice], &emit) }
    }

    /// Looks this node up from a peer: who answers as its predecessor is on that peer's ring.
    mutating func checkRing(
        through peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed, !isIsolated, ringCheck == nil else { return }
        let lookup = IterativeLookup(target: node.id, from: [peer], asker: node.id)
        ringCheck = RingCheck(peer: peer, lookup: lookup)
        advanceRingCheck(&emit)
    }

    mutating func advanceRingCheck(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var check = ringCheck else { return }
        let next = check.lookup.next()
        ringCheck = check
        switch next {
        case .ask(let member):
            let target = node.id
            request(.ringCheck, to: member, &emit) { .lookup(request: $0, target: target) }
        case .failed:
            ringCheck = nil
            checkFailed(through: check.peer)
            checksLeft = max(checksLeft - 1, 0)
            if checksLeft > 0, let peer = remembered.next(at: now) {
                checkRing(through: peer, &emit)
            }
        case .found(let member, let list):
            ringCheck = nil
            compare(with: member, list, seenFrom: check.peer, &emit)
        }
    }

    mutating func ringCheckAnswered(
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if case .lookupReply(_, let step) = reply { ringCheck?.lookup.answered(peer, step) }
        advanceRingCheck(&emit)
    }

    mutating func checkFailed(through peer: NodeHandle) {
        remembered.missed(peer.id, at: now, period: configuration.ringCheckPeriod)
    }

    /// The closest predecessor found has this node as successor, or a node beyond it.
    private mutating func compare(
        with member: NodeHandle,
        _ list: [NodeHandle],
        seenFrom peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard list.isEmpty else { return meet(list, after: member, seenFrom: peer, &emit) }
        // A list that ends before this node is not told: only its owner says that it has none.
        request(.ringCheckQuery(through: peer), to: member, &emit) { .stateQuery(request: $0) }
    }

    mutating func ringCheckQueryAnswered(
        _ reply: ChordMessage,
        from member: NodeHandle,
        through peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        // In the middle of a step it tells nothing, now.
        if case .busy = reply { return }
        guard case .stateReply(_, .formed(_, let list)) = reply else {
            return checkFailed(through: peer)
        }
        meet(list, after: member, seenFrom: peer, &emit)
    }

    /// Nothing is made of a node that only others have named: it is asked itself first.
    private mutating func meet(
        _ list: [NodeHandle],
        after member: NodeHandle,
        seenFrom peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        let beyond = list.first ?? member
        if beyond.id == node.id { return remembered.forget(peer.id) }
        guard list.isEmpty || Ring.isBetween(member.id, node.id, beyond.id) else {
            return checkFailed(through: peer)
        }
        guard phase == .formed, step == .idle else { return }
        request(.ringCheckPing(through: peer), to: beyond, &emit) { .ping(request: $0) }
    }

    mutating func ringCheckPingAnswered(
        _ reply: ChordMessage,
        from beyond: NodeHandle,
        through peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard case .pong(_, true) = reply else { return checkFailed(through: peer) }
        guard phase == .formed, !isIsolated else { return }
        scheduleRingCheck(soon: true)
        guard let head = successors.first, Ring.isBetween(node.id, beyond.id, head.id) else {
            // It learns of this node, and who asks it for its predecessor does.
            return notify(beyond, &emit)
        }
        guard step == .idle else { return }
        step = .stabilizingFromPredecessor
        request(.stabilizeFromPredecessor, to: beyond, &emit) { .stateQuery(request: $0) }
    }
}
