internal import KBR
internal import SansIO

/// Graceful leave (`Spec/chord.md` §6.6).
extension ChordNode {
    mutating func leave(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase != .leaving else { return }
        let neighbors = isMember ? departureNeighbors() : []
        let known = (predecessor.map { [$0] } ?? []) + furtherPredecessors
        let predecessors = Array(known.filter { $0.id != node.id }.prefix(listLength))
        let list = Array(successors.prefix(listLength))
        abandon { _ in true }
        for timer in [Timer.stabilize, .fingers, .forming, .join, .ringCheck] {
            timers.cancel(timer)
        }
        joining = nil
        step = .idle
        pendingCandidate = nil
        phase = .leaving
        for neighbor in neighbors {
            request(.departure, to: neighbor, &emit) {
                .leaving(request: $0, predecessors: predecessors, successors: list)
            }
        }
        departureAnswered(&emit)
    }

    /// The live successor and predecessor; in a forming ring everyone.
    private func departureNeighbors() -> [NodeHandle] {
        var result: [NodeHandle] = []
        let candidates =
            phase == .forming
            ? successors
            : Array(successors.filter { !isSuspected($0) }.prefix(1))
                + (predecessor.map { [$0] } ?? [])
        for neighbor in candidates
        where neighbor.id != node.id && !isSuspected(neighbor)
            && !result.contains(where: { $0.id == neighbor.id })
        {
            result.append(neighbor)
        }
        return result
    }

    /// Gone once both neighbours know, or do not answer.
    mutating func departureAnswered(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .leaving, !pending.contains(where: { $0.purpose == .departure }) else {
            return
        }
        phase = .outside
        successors = []
        predecessor = nil
        furtherPredecessors = []
        verifiedUntil = nil
        roster = nil
        fingers = FingerTable()
        members = MembershipTable()
        fingerSearch = nil
        ringCheck = nil
        endSearches(&emit)
        emit(.left)
    }

    /// A neighbour leaves: its list, which it vouches for, replaces it at once.
    mutating func neighborLeaves(
        _ request: UInt64,
        _ peer: NodeHandle,
        _ predecessors: [NodeHandle],
        _ list: [NodeHandle],
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        // In a step the pointers are undefined: no answer, the leaver repeats its message.
        if phase == .formed, step != .idle, !waits(for: peer) { return }
        emit(.send(.acknowledge(request: request), to: peer))
        guard phase == .formed || phase == .forming else { return }
        let wasSuccessor = successors.first?.id == peer.id
        let wasPredecessor = predecessor?.id == peer.id
        if phase == .formed {
            if waits(for: peer) {
                abandon {
                    $0 == .stabilizeFromSuccessor || $0 == .stabilizeFromPredecessor
                }
                step = .idle
            }
            if wasSuccessor || fault == .takesEveryLeaversList {
                successors = successorList(
                    of: node.id,
                    list.isEmpty ? Array(successors.dropFirst()) : list,
                    limit: listLength
                )
            }
            successors.removeAll { $0.id == peer.id }
        }
        suspect(peer.id, &emit)
        remembered.forget(peer.id)
        acquaintances.removeAll { $0.id == peer.id }
        guard phase == .formed else { return }
        if successors.isEmpty {
            isIsolated = !wasPredecessor
            if wasPredecessor {
                predecessor = node
                furtherPredecessors = []
            }
        }
        if wasSuccessor { notifySuccessor(&emit) }
        if step == .idle { scheduleStabilize(soon: true) }
    }

    /// Whether the step in progress waits for this very peer's answer.
    private func waits(for peer: NodeHandle) -> Bool {
        pending.contains {
            $0.peer.id == peer.id
                && ($0.purpose == .stabilizeFromSuccessor
                    || $0.purpose == .stabilizeFromPredecessor)
        }
    }
}
