package import KBR
internal import SansIO

/// What others see of the node.
extension ChordNode {
    /// The view that upcalls are answered from, as last announced.
    package var neighborhood: Neighborhood { announced }

    mutating func announceNeighborhood(_ emit: inout EffectBuffer<ChordEffect>) {
        let version = pointerVersion &+ detector.suspectVersion
        guard version != announcedVersion || isSettled != announced.isSettled else { return }
        announcedVersion = version
        var view = Neighborhood(node: node)
        if isMember {
            let known = (predecessor.map { [$0] } ?? []) + furtherPredecessors
            view.predecessors = known.filter { $0.id != node.id && !isSuspected($0) }
            // The very same list if nobody in it is suspected.
            view.successors =
                detector.suspectsNobody ? successors : successors.filter { !isSuspected($0) }
            view.range = ownRange
            view.isSettled = isSettled
            view.isForming = phase == .forming
        }
        view.epoch = announced.epoch
        guard view != announced else { return }
        let isSettled = view.isSettled
        view.isSettled = announced.isSettled
        if view != announced { view.epoch += 1 }
        view.isSettled = isSettled
        announced = view
        emit(.neighborhoodChanged(view))
    }

    package var snapshot: ChordSnapshot {
        ChordSnapshot(
            node: node,
            phase: snapshotPhase,
            successorListLength: listLength,
            geometry: configuration.geometry,
            predecessor: predecessor,
            successors: successors,
            fingers: fingers.nodes,
            knownMembers: members.nodes.count,
            roster: roster,
            suspects: detector.suspectedPeers,
            isInStep: step != .idle,
            candidate: pendingCandidate?.node,
            isSettled: isSettled,
            estimatedSize: estimatedSize,
            epoch: announced.epoch
        )
    }

    private var snapshotPhase: ChordSnapshot.Phase {
        switch phase {
        case .outside: .outside
        case .joining: .joining
        case .forming: .forming
        case .formed: .formed
        case .leaving: .leaving
        }
    }

    /// The whole circle over the mean gap of the known neighbours; exact if all nodes are known.
    var estimatedSize: UInt64 {
        guard isMember else { return 0 }
        let view = ringView
        guard !view.isWholeRing, let first = view.nodes.first, let last = view.nodes.last,
            view.nodes.count > 1
        else { return UInt64(view.nodes.count) }
        let gaps = UInt64(view.nodes.count - 1)
        let arc = max((last.id &- first.id).words.0, 1)
        // gaps * 2^64 / arc, which fits unless the nodes are impossibly close.
        guard gaps < arc else { return .max }
        return arc.dividingFullWidth((gaps, 0)).quotient
    }
}
