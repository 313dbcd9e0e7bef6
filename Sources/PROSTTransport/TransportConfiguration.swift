package import NIOCore

/// Every figure of the transport; the defaults are those of `Spec/wire.md` §5.
package struct TransportConfiguration: Hashable, Sendable {
    package var limits = ConnectionLimits()
    package var time = ConnectionTimeLimits()
    /// Bytes waiting for one peer, not counting what the socket has been given.
    package var outboundLimit = 1 << 20
    /// Bytes joined into one write; also how far bulk can be ahead of control.
    package var batchLimit = 64 * 1024
    /// How often deadlines are looked at.
    package var sweepInterval = TimeAmount.milliseconds(100)

    package init() {}
}
