package import KBR
package import Wire

/// What the node hears from its transport, on the event loop.
package enum TransportEvent: Sendable {
    /// A frame of kind 10 or above from an accepted peer.
    case frame(Frame, from: PeerIdentity)
    /// The first connection with this peer is accepted.
    case peerUp(PeerIdentity)
    /// The last connection with this peer is gone.
    case peerDown(Identifier, ConnectionEnd)
    /// The frame was not, or perhaps not wholly, handed to the peer.
    case undeliverable(Frame, to: NodeHandle, ConnectionEnd)
    /// An attempt that did not become a peer, for the operator: who, and why not.
    case rejected(address: Endpoint?, ConnectionEnd)
}

/// What became of a frame given to `RingTransport.send`.
package enum SendOutcome: Hashable, Sendable {
    /// It will be written, or come back as `TransportEvent.undeliverable`.
    case queued
    case refused(SendRefusal)
}

package enum SendRefusal: Hashable, Sendable {
    /// Too much is waiting for this peer already.
    case queueFull
    /// The peer did not answer and must not be dialled yet.
    case backingOff
    /// No slot for another dial.
    case connectionLimit
    /// The frame's kind is the transport's, its body over the limit, or the peer this node itself.
    case invalidFrame
    case shutdown
}

/// Figures for `prost top` and for tests.
package struct TransportStatistics: Hashable, Sendable {
    package var connections = 0
    package var unauthenticated = 0
    package var dialling = 0
    package var peers = 0
    package var queuedBytes = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var framesReceived: UInt64 = 0
    package var framesSent: UInt64 = 0
    /// Connections turned away or broken off before they were accepted.
    package var rejected: UInt64 = 0

    package init() {}
}
