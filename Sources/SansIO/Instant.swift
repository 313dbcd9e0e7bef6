/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
///
/// The core never reads a clock: each step is told what time it is (`Spec/node.md` §1).
public struct Instant: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let zero = Instant(nanoseconds: 0)

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates instead of overflowing, so that a huge delay means "never".
    @inlinable
    public static func + (instant: Self, span: TimeSpan) -> Self {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Self(nanoseconds: overflow ? .max : sum)
    }

    /// Time from `earlier` to this instant, zero if it lies in the future.
    @inlinable
    public func since(_ earlier: Self) -> TimeSpan {
        TimeSpan(
            nanoseconds: nanoseconds > earlier.nanoseconds
                ? nanoseconds - earlier.nanoseconds : 0
        )
    }
}

/// A length of time, never negative, in nanoseconds.
public struct TimeSpan: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let zero = TimeSpan(nanoseconds: 0)

    @inlinable
    public static func microseconds(_ count: UInt64) -> Self { scaled(count, by: 1000) }
    @inlinable
    public static func milliseconds(_ count: UInt64) -> Self { scaled(count, by: 1_000_000) }
    @inlinable
    public static func seconds(_ count: UInt64) -> Self { scaled(count, by: 1_000_000_000) }

    @usableFromInline
    static func scaled(_ count: UInt64, by unit: UInt64) -> Self {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return Self(nanoseconds: overflow ? .max : product)
    }

    @inlinable
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    @inlinable
    public static func + (left: Self, right: Self) -> Self {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return Self(nanoseconds: overflow ? .max : sum)
    }

    @inlinable
    public static func * (span: Self, factor: UInt64) -> Self {
        let (product, overflow) = span.nanoseconds.multipliedReportingOverflow(by: factor)
        return Self(nanoseconds: overflow ? .max : product)
    }
}

/// Civil time in milliseconds since 1970-01-01 UTC; used for expiry dates only, never for order.
public struct WallTime: Comparable, Hashable, Sendable {
    public var milliseconds: UInt64

    @inlinable
    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

/// Both clocks at one step of a state machine.
public struct Now: Hashable, Sendable {
    public var instant: Instant
    public var wall: WallTime

    @inlinable
    public init(instant: Instant, wall: WallTime) {
        self.instant = instant
        self.wall = wall
    }
}
