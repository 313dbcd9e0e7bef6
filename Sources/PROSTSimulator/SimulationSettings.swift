package import PROSTNode
package import SansIO

/// What a simulated network is like.
package struct SimulationSettings: Sendable {
    package var seed: UInt64 = 1
    /// One-way delay of a frame, uniform between the two.
    package var latency: ClosedRange<UInt64> = 200_000...2_000_000
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

    package init() {}
}
