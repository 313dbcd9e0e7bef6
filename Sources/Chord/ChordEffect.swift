package import KBR

/// What a Chord node asks its driver to do, in order.
package enum ChordEffect: Hashable, Sendable {
    case send(ChordMessage, to: NodeHandle)
    /// The view of the ring changed; at most one per input.
    case neighborhoodChanged(Neighborhood)
    /// The node is a member of a ring.
    case joined
    /// The ring is formed: to be stored durably, before any effect that follows is carried out.
    case formed(RingRecord)
    /// What a search found: the key's root and the nodes after it, members that have answered,
    /// this node left out; empty if it failed.
    case foundReplicas(number: UInt64, [NodeHandle])
    /// The node has left properly.
    case left
    /// A round over all contacts failed; the node goes on trying until `.leave`.
    case joinFailed(JoinFailure)
}

/// Why a round of joining failed.
package enum JoinFailure: Hashable, Sendable {
    /// None of the contacts answered.
    case noContactAnswered
    /// Contacts answered, but none is a member of a ring.
    case contactsOutsideRing
    /// `.found` although this node once belonged to a formed ring, see `.restore`.
    case ringAlreadyFormed
}
