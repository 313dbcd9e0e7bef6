internal import KBR
internal import SansIO

/// Rectify: what a node makes of notify (`Spec/chord.md` §6.4).
extension ChordNode {
    mutating func notified(
        by candidate: NodeHandle,
        _ predecessors: [NodeHandle],
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed else { return }
        provedMember(candidate)
        let known = Array(predecessors.filter { $0.id != node.id }.prefix(listLength))
        if candidate.id == predecessor?.id, step == .idle {
            if furtherPredecessors != known { furtherPredecessors = known }
            predecessorConfirmed()
            return
        }
        // Only the best candidate is kept while the node is in a step.
        if let best = pendingCandidate, best.node.id != candidate.id,
            !Ring.isBetween(best.node.id, candidate.id, node.id)
        {
            return
        }
        pendingCandidate = (candidate, known)
        if step == .idle { runPendingRectify(&emit) }
    }

    mutating func runPendingRectify(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed, step == .idle, let candidate = pendingCandidate else { return }
        guard let old = predecessor, old.id != node.id, old.id != candidate.node.id,
            !isSuspected(old) || fault == .keepsDeadPredecessor,
            Ring.isBetween(old.id, candidate.node.id, node.id)
                == (fault == .prefersFartherPredecessor)
        else { return adoptPredecessor(candidate.node, &emit) }
        step = .rectifying
        request(.rectify(candidate: candidate.node), to: old, &emit) { .ping(request: $0) }
    }

    mutating func adoptPredecessor(
        _ candidate: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if fault == .keepsDeadPredecessor, step == .rectifying {
            return keepPredecessor(against: candidate, &emit)
        }
        if step == .rectifying { step = .idle }
        predecessor = candidate
        predecessorHeardAt = now
        furtherPredecessors = []
        if let waiting = pendingCandidate, waiting.node.id == candidate.id {
            furtherPredecessors = waiting.predecessors
            pendingCandidate = nil
        }
        predecessorConfirmed()
        if successors.isEmpty {
            // A lone member: who notifies is a live member, hence also the successor.
            successors = [candidate]
            isIsolated = false
            scheduleStabilize(soon: true)
        }
        runPendingRectify(&emit)
    }

    /// The old predecessor lives: the candidate is passed over, a better one may be waiting.
    mutating func keepPredecessor(
        against candidate: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard step == .rectifying else { return }
        step = .idle
        if pendingCandidate?.node.id == candidate.id { pendingCandidate = nil }
        runPendingRectify(&emit)
    }

    /// The predecessor has this node as its successor: the range is known.
    private mutating func predecessorConfirmed() {
        predecessorHeardAt = now
        let deadline = now + configuration.verificationSpan
        verifiedUntil = deadline
        timers.set(.verification, at: deadline)
    }

    /// A predecessor notifies once a period; a silent one may be dead.
    mutating func probePredecessorIfSilent(_ emit: inout EffectBuffer<ChordEffect>) {
        guard let predecessor, predecessor.id != node.id, !isSuspected(predecessor),
            now.since(predecessorHeardAt) > configuration.stabilizePeriod * 3
        else { return }
        probe(predecessor, &emit)
    }
}
