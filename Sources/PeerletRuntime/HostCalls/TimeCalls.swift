internal import PeerletBytecode
internal import SansIO

// `time.*` (`Spec/abi.md` §4.3).
extension UpcallExecution {
    private static let delays: ClosedRange<Int64> = 0...1 << 40
    private static let shortestPeriod = 10

    func timeNow() throws(HostCallStop) -> Int64 {
        let now = invocation.now
        let which = try number(0, in: 0...1)
        let milliseconds = which == 0 ? now.instant.nanoseconds / 1_000_000 : now.wall.milliseconds
        return Int64(clamping: milliseconds)
    }

    func setTimer() throws(HostCallStop) -> Int64 {
        let delay = try number(0, in: Self.delays)
        let period = try number(1, in: Self.delays)
        guard period == 0 || period >= Self.shortestPeriod else { throw .refused(.argument) }
        try require(.timers, 1, used: usage.timers, maximum: limits.timers, else: .quota)
        let id = nextTimer
        usage.timers += 1
        effects.append(
            .setTimer(
                id: id,
                delay: .milliseconds(UInt64(delay)),
                period: period == 0 ? nil : .milliseconds(UInt64(period)),
                cookie: argument(2)
            )
        )
        return Int64(truncatingIfNeeded: id)
    }

    private var nextTimer: UInt64 { invocation.firstTimer &+ UInt64(usage.timers) }

    func cancelTimer() throws(HostCallStop) -> Int64 {
        let id = argument(0)
        guard id > 0, UInt64(id) < nextTimer else { throw .refused(.notFound) }
        effects.append(.cancelTimer(id: UInt64(id)))
        return 0
    }
}
