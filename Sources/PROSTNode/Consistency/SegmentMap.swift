internal import KBR

/// A node's segments: disjoint arcs in the order of their upper bounds, equal neighbours joined.
struct SegmentMap: Sendable {
    private(set) var segments: [Segment] = []
    /// Highest ballot of all that was forgotten; every new segment starts from it.
    var forgotten: Ballot = .none

    /// More are not kept: what is known of arcs that moved away is forgotten first.
    static let capacity = 512

    init() {}

    /// Nil if arcs overlap.
    init?(restoring stored: [Segment]) {
        for segment in stored {
            guard !segments.contains(where: { !$0.arc.intersection(segment.arc).isEmpty }) else {
                return nil
            }
            segments.append(segment)
        }
        segments.sort { $0.arc.upper < $1.arc.upper }
    }

    func segment(at point: Identifier) -> Segment? {
        segments.first { $0.arc.contains(point) }
    }

    /// What is known about `arc`, clipped to it, clockwise.
    func overlapping(_ arc: RingInterval) -> [Segment] { Self.clip(segments, to: arc) }

    static func clip(_ segments: [Segment], to arc: RingInterval) -> [Segment] {
        var clipped: [Segment] = []
        for segment in segments {
            for part in arc.intersection(segment.arc) {
                var copy = segment
                copy.arc = part
                clipped.append(copy)
            }
        }
        return clipped.sorted {
            Arcs.distance($0.arc.upper, arc) < Arcs.distance($1.arc.upper, arc)
        }
    }

    /// Changes all of `arc`; where nothing is known, a new segment if `fillingGaps`.
    mutating func update(
        _ arc: RingInterval,
        fillingGaps: Bool,
        _ change: (inout Segment) -> Void
    ) {
        var result: [Segment] = []
        var gaps = [arc]
        for segment in segments {
            gaps = gaps.flatMap { $0.subtracting(segment.arc) }
            for part in segment.arc.subtracting(arc) {
                var rest = segment
                rest.arc = part
                result.append(rest)
            }
            for part in arc.intersection(segment.arc) {
                var inside = segment
                inside.arc = part
                change(&inside)
                result.append(inside)
            }
        }
        for gap in fillingGaps ? gaps : [] {
            var fresh = Segment(arc: gap)
            fresh.forgotten = forgotten
            fresh.promised = forgotten
            change(&fresh)
            result.append(fresh)
        }
        segments = Self.joined(result.sorted { $0.arc.upper < $1.arc.upper })
    }

    private static func joined(_ sorted: [Segment]) -> [Segment] {
        var result: [Segment] = []
        for segment in sorted {
            if let last = result.last, last.arc.upper == segment.arc.lower,
                last.agrees(with: segment)
            {
                result[result.count - 1].arc.upper = segment.arc.upper
            } else {
                result.append(segment)
            }
        }
        if result.count > 1, let first = result.first, let last = result.last,
            last.arc.upper == first.arc.lower, last.agrees(with: first)
        {
            result[0].arc.lower = last.arc.lower
            result.removeLast()
        }
        return result
    }

    /// Gives up the oldest knowledge of arcs that moved away and left no rows here.
    mutating func forgetOldest(local: Identifier) {
        let excess = segments.count - Self.capacity
        guard excess > 0 else { return }
        let old = segments.filter { !$0.holdsRows && ($0.current == nil || $0.isGone(for: local)) }
        for oldest in old.sorted(by: { $0.promised < $1.promised }).prefix(excess) {
            forgotten = max(forgotten, oldest.promised, oldest.forgotten)
            segments.removeAll { $0.arc == oldest.arc }
        }
    }

    /// Whether a change of `arc` that `node` asks for may split what is known: at the capacity only
    /// those may that the ring or a configuration shows to be concerned, up to twice as much.
    func hasRoom(for arc: RingInterval, askedBy node: Identifier, isNear: Bool) -> Bool {
        if segments.count < Self.capacity { return true }
        guard segments.count < 2 * Self.capacity else { return false }
        return isNear
            || overlapping(arc).contains { segment in
                segment.current?.includes(node) == true || segment.base?.includes(node) == true
            }
    }
}

/// Arithmetic on lists of arcs.
enum Arcs {
    /// Clockwise position of `point` in `arc`: zero for its first point.
    static func distance(_ point: Identifier, _ arc: RingInterval) -> Identifier {
        point &- arc.lower &- .powerOfTwo(0)
    }

    static func subtract(_ arcs: [RingInterval], _ removed: [RingInterval]) -> [RingInterval] {
        removed.reduce(arcs) { rest, arc in rest.flatMap { $0.subtracting(arc) } }
    }

    static func covers(_ arcs: [RingInterval], _ arc: RingInterval) -> Bool {
        subtract([arc], arcs).isEmpty
    }
}
