package import Wire

/// A half-open arc `(lower, upper]` of the circle; equal bounds mean the whole circle.
public struct RingInterval: Hashable, Sendable {
    public var lower: Identifier
    public var upper: Identifier

    @inlinable
    public init(after lower: Identifier, through upper: Identifier) {
        self.lower = lower
        self.upper = upper
    }

    package static func wholeCircle(endingAt upper: Identifier) -> Self {
        Self(after: upper, through: upper)
    }

    @inlinable
    public var isWholeCircle: Bool { lower == upper }

    @inlinable
    public func contains(_ point: Identifier) -> Bool {
        isWholeCircle || Ring.isBetween(lower, point, upper) || point == upper
    }

    /// Whether every point of `other` lies in this arc.
    package func contains(_ other: RingInterval) -> Bool {
        if isWholeCircle { return true }
        if other.isWholeCircle { return false }
        // Distances clockwise from the lower bound; `upper` is the last point of each arc.
        let start = other.lower &- lower
        let end = other.upper &- lower
        let length = upper &- lower
        return start < length && end <= length && end > start
    }

    /// The parts that both arcs cover: none, one, or two arcs, clockwise from `lower`.
    package func intersection(_ other: RingInterval) -> [RingInterval] {
        if isWholeCircle { return [other] }
        if other.isWholeCircle { return [self] }
        var parts: [RingInterval] = []
        let length = upper &- lower
        let start = other.lower &- lower
        let end = other.upper &- lower
        if start < end || end == .zero {
            // `other` does not wrap past our lower bound (a zero end is a full turn).
            let stop = end == .zero || end > length ? length : end
            if start < stop { parts.append(Self(after: other.lower, through: lower &+ stop)) }
        } else {
            let stop = end > length ? length : end
            if stop != .zero { parts.append(Self(after: lower, through: lower &+ stop)) }
            if start < length { parts.append(Self(after: other.lower, through: upper)) }
        }
        return parts
    }

    /// What is left of this arc without `other`, clockwise.
    package func subtracting(_ other: RingInterval) -> [RingInterval] {
        let removed = intersection(other)
        if removed.isEmpty { return [self] }
        if isWholeCircle, let arc = removed.first {
            return arc.isWholeCircle ? [] : [Self(after: arc.upper, through: arc.lower)]
        }
        var rest: [RingInterval] = []
        var cursor = lower
        for arc in removed {
            if arc.lower != cursor { rest.append(Self(after: cursor, through: arc.lower)) }
            cursor = arc.upper
        }
        if cursor != upper { rest.append(Self(after: cursor, through: upper)) }
        return rest
    }
}

extension RingInterval: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        lower = try Identifier(from: &reader)
        upper = try Identifier(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        lower.encode(to: &writer)
        upper.encode(to: &writer)
    }
}

/// Order on the circle.
public enum Ring {
    /// Whether going clockwise from `start` one meets `point` strictly before `end`; with equal
    /// ends, every other point is between (Zave's `between`).
    @inlinable
    public static func isBetween(
        _ start: Identifier,
        _ point: Identifier,
        _ end: Identifier
    ) -> Bool {
        start < end ? start < point && point < end : start < point || point < end
    }
}
