package import KBR
package import SansIO

/// A node's place in a ring that is ideal already: how simulations of many nodes begin without
/// playing every join.
package struct RingPlace: Sendable {
    /// Closest first.
    package var predecessors: [NodeHandle]
    /// Closest first.
    package var successors: [NodeHandle]
    /// By falling exponent: the root of this node's identifier + 2^exponent.
    package var fingers: [(exponent: Int, node: NodeHandle)]
    /// All of the ring by identifier, for the one-hop geometry.
    package var members: [NodeHandle] = []

    package init(
        predecessors: [NodeHandle],
        successors: [NodeHandle],
        fingers: [(exponent: Int, node: NodeHandle)]
    ) {
        self.predecessors = predecessors
        self.successors = successors
        self.fingers = fingers
    }
}

extension ChordNode {
    /// Takes a place in an ideal ring, as joining and stabilizing would have given it.
    package mutating func take(
        _ place: RingPlace,
        at now: Instant,
        emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .outside, !place.successors.isEmpty else { return }
        self.now = max(now, self.now)
        successors = Array(place.successors.prefix(listLength))
        predecessor = place.predecessors.first
        furtherPredecessors = Array(place.predecessors.dropFirst().prefix(listLength - 1))
        switch configuration.geometry {
        case .chord:
            for finger in place.fingers { fingers.set(finger.exponent, finger.node) }
            fingers.beginChosenAnew()
        case .oneHop: members = MembershipTable(place.members)
        case .successors: break
        }
        enterFormedRing(contacts: successors, &emit)
        let confirmed = self.now + configuration.verificationSpan
        verifiedUntil = confirmed
        timers.set(.verification, at: confirmed)
        announceNeighborhood(&emit)
        emit(.joined)
    }
}
