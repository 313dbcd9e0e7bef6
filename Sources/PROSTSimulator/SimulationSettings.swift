package import PROSTNode
package import SansIO

/// What a simulated network is like.
package struct SimulationSettings: Sendable {
    package var seed: UInt64 = 1
    /// One-way delay of a frame.
    package var latency = LatencyModel.uniform(200_000...2_000_000)
    /// One-way delays that pass before a new connection carries its first frame: TCP, TLS and the
    /// acceptance of the handshake are six.
    package var setUpDelays: UInt64 = 0
    /// Bytes that both sides of a new connection send in all before the first frame.
    package var setUpBytes: UInt64 = 0
    /// Of a machine's line, both ways; nil for no limit.
    package var bytesPerSecond: UInt64?
    /// Time that a machine's processor needs for each input; nil for none.
    package var inputTime: TimeSpan?
    /// Chance in 65,536 that a frame has to be sent again: loss is delay.
    package var lossPer65536: UInt64 = 0
    /// Shortest wait until a lost frame is sent again.
    package var retransmission = TimeSpan.milliseconds(200)
    /// How long a connection waits across a partition before it breaks.
    package var connectionTimeout = TimeSpan.seconds(15)
    /// Time until a batch is durable, in nanoseconds, uniform between the two.
    package var diskDelay: ClosedRange<UInt64> = 1_000_000...1_000_000
    /// Time that a piece of work waits for the lane, in nanoseconds, uniform between the two: what
    /// an upcall reads is what is durable then.
    package var laneDelay: ClosedRange<UInt64> = 0...0
    /// Time from the fall of a machine until its peers' connections end.
    package var resetDelay = TimeSpan.milliseconds(5)
    /// Virtual time that one unit of fuel takes.
    package var nanosecondsPerFuel: UInt64 = 10
    package var configuration = NodeConfiguration()
    package var policy = NodePolicy()
    package var totals = NodeTotals()
    /// Chance in 1024 that a connection breaks at a frame, which is lost with it.
    package var resetsPer1024: UInt64 = 0
    /// Chance in 1024 that a routed message arrives twice.
    package var duplicatesPer1024: UInt64 = 0
    /// Least serious events of nodes that are kept.
    package var keptEvents = NodeEvent.Level.debug

    package init() {}
}
