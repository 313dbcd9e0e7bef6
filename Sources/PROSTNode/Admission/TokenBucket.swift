package import SansIO

/// Tokens that come back at a steady rate up to a burst: fuel or messages per second.
///
/// Integers throughout, exact over any number of steps: what a refill does not complete is kept as
/// a remainder of token-nanoseconds.
package struct TokenBucket: Hashable, Sendable {
    private static let second: UInt64 = 1_000_000_000

    /// Tokens per second.
    package private(set) var rate: UInt64
    /// Most tokens held.
    package private(set) var burst: UInt64
    private var level: UInt64
    /// Below one second's worth of nanoseconds.
    private var remainder: UInt64 = 0
    private var updated: Instant

    /// Starts full.
    package init(rate: UInt64, burst: UInt64, at now: Instant) {
        self.rate = rate
        self.burst = burst
        level = burst
        updated = now
    }

    /// Tokens at hand.
    package mutating func available(at now: Instant) -> UInt64 {
        refill(at: now)
        return level
    }

    /// Takes all of `count` or nothing.
    package mutating func take(_ count: UInt64, at now: Instant) -> Bool {
        refill(at: now)
        guard count <= level else { return false }
        level -= count
        return true
    }

    /// Takes as much of `count` as is at hand and returns how much that was.
    package mutating func takeUpTo(_ count: UInt64, at now: Instant) -> UInt64 {
        refill(at: now)
        let taken = min(count, level)
        level -= taken
        return taken
    }

    /// Gives back tokens that were taken and not used; what exceeds the burst is lost.
    package mutating func giveBack(_ count: UInt64, at now: Instant) {
        refill(at: now)
        level = min(burst, saturating(level, count))
    }

    /// When `count` tokens will be at hand; nil if they never will.
    package mutating func time(of count: UInt64, at now: Instant) -> Instant? {
        refill(at: now)
        if count <= level { return now }
        guard count <= burst, rate > 0 else { return nil }
        let (high, low) = (count - level).multipliedFullWidth(by: Self.second)
        let (need, borrow) = low.subtractingReportingOverflow(remainder)
        let top = borrow ? high - 1 : high
        guard top < rate else { return Instant(nanoseconds: .max) }
        let (whole, rest) = rate.dividingFullWidth((top, need))
        return now + TimeSpan(nanoseconds: saturating(whole, rest == 0 ? 0 : 1))
    }

    /// Changes the figures, keeping the tokens at hand up to the new burst.
    package mutating func adjust(rate: UInt64, burst: UInt64, at now: Instant) {
        refill(at: now)
        self.rate = rate
        self.burst = burst
        level = min(level, burst)
        remainder = 0
    }

    private mutating func refill(at now: Instant) {
        guard now > updated else { return }
        let elapsed = now.since(updated).nanoseconds
        updated = now
        let (high, low) = elapsed.multipliedFullWidth(by: rate)
        let (sum, carry) = low.addingReportingOverflow(remainder)
        let top = carry ? high + 1 : high
        guard top < Self.second else { return fill() }
        let (tokens, rest) = Self.second.dividingFullWidth((top, sum))
        level = saturating(level, tokens)
        remainder = rest
        if level >= burst { fill() }
    }

    private mutating func fill() {
        level = burst
        remainder = 0
    }

    private func saturating(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
