package import NIOCore

/// When a peer that did not answer may be dialled again: jittered, doubling delays, so that many
/// nodes that lost the same peer do not return in step (`Spec/wire.md` §5.6).
package struct DialBackoff: Hashable, Sendable {
    package static let shortest = TimeAmount.milliseconds(100)
    package static let longest = TimeAmount.seconds(10)

    private var failures = 0
    /// No dial before this time.
    package private(set) var notBefore: NIODeadline?

    package init() {}

    /// Notes a failure; the delay is uniform between half and the whole of the doubled step.
    package mutating func failed(
        at now: NIODeadline,
        using random: inout some RandomNumberGenerator
    ) {
        let step = min(Self.shortest.nanoseconds << min(failures, 10), Self.longest.nanoseconds)
        failures += 1
        notBefore = now + .nanoseconds(Int64.random(in: step / 2...step, using: &random))
    }

    package func allows(at now: NIODeadline) -> Bool { notBefore.map { $0 <= now } ?? true }
}
