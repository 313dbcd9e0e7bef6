internal import KBR
internal import SansIO

/// Whether the ring that remembered peers see is this one, and the merge if it is not
/// (`Spec/chord.md` §6.7).
extension ChordNode {
    private static let rememberedLimit = 32

    /// A peer that was lost, or that the record of an earlier run names: after a partition it may
    /// be on another ring.
    mutating func remember(_ peer: NodeHandle) {
        guard peer.id != node.id else { return }
        remembered.removeAll { $0.id == peer.id }
        remembered.append(peer)
        if remembered.count > Self.rememberedLimit { remembered.removeFirst() }
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

    /// Once a period; with nobody to remember, a known member shows whether the ring winds once.
    mutating func beginRingCheck(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        scheduleRingCheck()
        let known = remembered.isEmpty ? successors + fingers.nodes : remembered
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
        ringCheck = (peer, lookup)
        advanceRingCheck(&emit)
    }

    private mutating func advanceRingCheck(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var check = ringCheck else { return }
        let next = check.lookup.next()
        ringCheck = check
        switch next {
        case .ask(let member):
            let target = node.id
            request(.ringCheck, to: member, &emit) { .lookup(request: $0, target: target) }
        case .failed: ringCheck = nil
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

    mutating func ringCheckRequestFailed(_ emit: inout EffectBuffer<ChordEffect>) {
        advanceRingCheck(&emit)
    }

    /// The closest predecessor found has this node as successor, or a node beyond it.
    private mutating func compare(
        with member: NodeHandle,
        _ list: [NodeHandle],
        seenFrom peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed, let beyond = list.first ?? Optional(member) else { return }
        if beyond.id == node.id { return remembered.removeAll { $0.id == peer.id } }
        guard list.isEmpty || Ring.isBetween(member.id, node.id, beyond.id) else { return }
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
