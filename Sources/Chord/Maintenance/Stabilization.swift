internal import KBR
internal import SansIO

/// Stabilize from successor and stabilize from predecessor (`Spec/chord.md` §6.2, §6.3).
extension ChordNode {
    mutating func stabilize(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        guard step == .idle else { return scheduleStabilize(soon: true) }
        probePredecessorIfSilent(&emit)
        dropSuspectedHeads(&emit)
        guard let successor = successors.first else {
            if isIsolated { seekRing(&emit) } else { scheduleStabilize() }
            return
        }
        step = .stabilizingFromSuccessor
        request(.stabilizeFromSuccessor, to: successor, &emit) { .stateQuery(request: $0) }
    }

    /// A suspect at the head counts as one that did not answer.
    private mutating func dropSuspectedHeads(_ emit: inout EffectBuffer<ChordEffect>) {
        while let head = successors.first, isSuspected(head) { dropHead() }
    }

    private mutating func dropHead() {
        successors.removeFirst()
        if successors.isEmpty { isIsolated = true }
    }

    mutating func successorAnswered(
        _ reply: ChordMessage,
        _ successor: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch reply {
        case .stateReply(_, .formed(let candidate, let list)):
            busyInARow = 0
            adopt(successor, list)
            proceed(with: candidate, of: successor, &emit)
        case .stateReply(_, .forming(let theirs)): informFormed(successor, theirs, &emit)
        case .stateReply(_, .outside):
            // Not a member any more is as good as dead.
            suspect(successor.id, &emit)
            successorFailed(successor, &emit)
        case .busy where fault == .takesBusyForDead: successorFailed(successor, &emit)
        default: abandonStep(&emit)
        }
    }

    /// The second half of stabilization, if the successor knows a node in between.
    private mutating func proceed(
        with candidate: NodeHandle?,
        of successor: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard let candidate, Ring.isBetween(node.id, candidate.id, successor.id),
            candidate.id != node.id
        else { return finishStabilizing(notifying: successor, &emit) }
        if fault == .neverAsksPredecessor {
            return finishStabilizing(notifying: successor, &emit)
        }
        if fault == .originalChord {
            adopt(candidate, successors)
            return finishStabilizing(notifying: candidate, &emit)
        }
        guard !isSuspected(candidate) else {
            // As if it had not answered; a probe finds out whether the suspicion was wrong.
            probe(candidate, &emit)
            return finishStabilizing(notifying: successor, &emit)
        }
        step = .stabilizingFromPredecessor
        request(.stabilizeFromPredecessor, to: candidate, &emit) { .stateQuery(request: $0) }
    }

    mutating func successorFailed(
        _ successor: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard step == .stabilizingFromSuccessor else { return }
        step = .idle
        if successors.first?.id == successor.id { dropHead() }
        if fault == .refillsWithPredecessor, let predecessor { successors.append(predecessor) }
        while let head = successors.first, isSuspected(head) { dropHead() }
        notifySuccessor(&emit)
        runPendingRectify(&emit)
        // The loop ends because one successor is live.
        if step == .idle { stabilize(&emit) } else { scheduleStabilize(soon: true) }
    }

    mutating func candidateAnswered(
        _ reply: ChordMessage,
        _ candidate: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch reply {
        case .stateReply(_, .formed(_, let list)):
            adopt(candidate, list)
            finishStabilizing(notifying: candidate, &emit)
        case .stateReply(_, .outside):
            suspect(candidate.id, &emit)
            candidateFailed(&emit)
        case .stateReply(_, .forming(let theirs)): informFormed(candidate, theirs, &emit)
        default: abandonStep(&emit)
        }
    }

    mutating func candidateFailed(_ emit: inout EffectBuffer<ChordEffect>) {
        guard step == .stabilizingFromPredecessor else { return }
        guard let successor = successors.first else { return abandonStep(&emit) }
        finishStabilizing(notifying: successor, &emit)
    }

    /// A pointer is adopted only with its owner's answer in hand; the rest of the list is its copy.
    private mutating func adopt(_ head: NodeHandle, _ list: [NodeHandle]) {
        var new = successorList(of: node.id, [head] + list, limit: listLength)
        if let fault { new = faultyList(fault, head, list) ?? new }
        isIsolated = false
        guard new != successors else { return }
        successors = new
        listChanged = true
    }

    /// What a planted bug copies instead, nil if it copies as it should.
    private func faultyList(
        _ fault: RingFault,
        _ head: NodeHandle,
        _ list: [NodeHandle]
    ) -> [NodeHandle]? {
        switch fault {
        case .skipsSuccessor:
            successorList(of: node.id, list.isEmpty ? [head] : list, limit: listLength)
        case .listsWithoutLimit: successorList(of: node.id, [head] + list, limit: .max)
        case .mergesLists:
            Array(
                ([head] + list + successors)
                    .reduce(into: [NodeHandle]()) { union, entry in
                        guard entry.id != node.id, !union.contains(where: { $0.id == entry.id })
                        else { return }
                        union.append(entry)
                    }
                    .sorted { $0.id &- node.id < $1.id &- node.id }.prefix(listLength)
            )
        default: nil
        }
    }

    private mutating func finishStabilizing(
        notifying target: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        step = .idle
        notify(target, &emit)
        probeSuspectedSuccessors(&emit)
        scheduleStabilize(soon: listChanged)
        listChanged = false
        runPendingRectify(&emit)
    }

    /// Others still list a node that this one believes dead: it is asked itself, for it may be
    /// back, and until it has answered this node's view of the replica sets is too short.
    private mutating func probeSuspectedSuccessors(_ emit: inout EffectBuffer<ChordEffect>) {
        for entry in successors.dropFirst()
        where isSuspected(entry) && !pending.contains(where: { $0.peer.id == entry.id }) {
            probe(entry, &emit)
        }
    }

    /// BUSY: nothing is committed, and another try comes after a random wait (§4.2).
    mutating func abandonStep(_ emit: inout EffectBuffer<ChordEffect>) {
        step = .idle
        listChanged = false
        busyInARow = min(busyInARow + 1, 4)
        let wait = configuration.busyRetry * (1 << busyInARow)
        timers.set(.stabilize, at: now + random.jittered(wait))
        runPendingRectify(&emit)
    }

    func notifyMessage() -> ChordMessage {
        let known = (predecessor.map { [$0] } ?? []) + furtherPredecessors
        return .notify(predecessors: Array(known.prefix(listLength)))
    }

    func notify(_ target: NodeHandle, _ emit: inout EffectBuffer<ChordEffect>) {
        if fault == .neverNotifies { return }
        emit(.send(notifyMessage(), to: target))
    }

    func notifySuccessor(_ emit: inout EffectBuffer<ChordEffect>) {
        if let successor = successors.first { notify(successor, &emit) }
    }

    /// Periodic and jittered; `soon` after a change, since the next one is likely.
    mutating func scheduleStabilize(soon: Bool = false) {
        let period = configuration.stabilizePeriod
        let span = soon ? TimeSpan(nanoseconds: period.nanoseconds / 8) : period
        timers.set(.stabilize, at: now + random.jittered(span))
    }

    /// All successors died: the node looks for a ring to enter anew, one acquaintance a period.
    ///
    /// Meanwhile it stays a member, so that others may still join through it.
    private mutating func seekRing(_ emit: inout EffectBuffer<ChordEffect>) {
        let known = acquaintances + (restored?.contacts ?? [])
        let peers = known.filter { $0.id != node.id }
        guard !peers.isEmpty, !pending.contains(where: { $0.purpose == .isolationProbe }) else {
            return scheduleStabilize()
        }
        let choice = Int(truncatingIfNeeded: random.below(UInt64(peers.count)))
        request(.isolationProbe, to: peers[choice], &emit) { .stateQuery(request: $0) }
    }

    mutating func isolationProbeAnswered(
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed, isIsolated else { return }
        switch reply {
        case .stateReply(_, .formed(_, let list))
        where !list.isEmpty || peer.id < node.id:
            // Of two lone nodes the one with the greater identifier gives in.
            startJoining([peer], &emit)
        case .stateReply(_, .forming), .busy: startJoining([peer], &emit)
        default: scheduleStabilize()
        }
    }
}
