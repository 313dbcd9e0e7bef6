package import KBR

/// What can happen to a Chord node.
package enum ChordInput: Sendable {
    /// Start a forming ring alone.
    case found
    /// Enter the ring of any of these nodes.
    case join(contacts: [NodeHandle])
    /// A message from a peer whose identity the transport has proved.
    case message(ChordMessage, from: NodeHandle)
    /// The time of `nextDeadline` has come (an early call does nothing).
    case wake
    /// The transport lost a peer.
    case peerFailed(Identifier, PeerFailure)
    /// Stabilize now instead of at the next time, for drivers that order all steps themselves.
    case stabilize
    /// Find out now whether this peer is on the same ring.
    case checkRing(through: NodeHandle)
    /// Find the nodes that follow a key without trusting any single one; answered by
    /// `.foundReplicas` with the caller's number.
    case search(number: UInt64, key: Identifier)
    /// The answer to a search is not wanted any more; none comes.
    case endSearch(number: UInt64)
    /// Leave the ring properly.
    case leave
    /// What `.formed` asked to store, before `.found` or `.join` after a restart.
    case restore(RingRecord)
}

/// What the transport knows about a lost peer.
package enum PeerFailure: Hashable, Sendable {
    /// A connection ended; the peer may live and is probed.
    case connectionClosed
    /// Nothing accepts connections at its address; it is suspected at once.
    case refused
}
