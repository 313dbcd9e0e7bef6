import KBR
import SansIO
import Testing

/// Arcs against membership of points, on a circle where few points matter.
@Suite struct RingIntervalTests {
    private static let points = (UInt64(0)..<12).map { Identifier(words: ($0 << 60, 0, 0, 0)) }

    private static func arcs() -> [RingInterval] {
        points.flatMap { lower in points.map { RingInterval(after: lower, through: $0) } }
    }

    @Test func `an intersection holds what both arcs hold`() {
        for left in Self.arcs() {
            for right in Self.arcs() {
                let common = left.intersection(right)
                for point in Self.points {
                    let isInBoth = left.contains(point) && right.contains(point)
                    #expect(common.contains { $0.contains(point) } == isInBoth)
                }
            }
        }
    }

    @Test func `a difference holds what only the first arc holds`() {
        for left in Self.arcs() {
            for right in Self.arcs() {
                let rest = left.subtracting(right)
                for point in Self.points {
                    let isOnlyLeft = left.contains(point) && !right.contains(point)
                    #expect(rest.contains { $0.contains(point) } == isOnlyLeft)
                }
            }
        }
    }

    @Test func `an arc contains another if it contains all its points`() {
        for outer in Self.arcs() where !outer.isWholeCircle {
            for inner in Self.arcs() where !inner.isWholeCircle {
                let holdsAll = Self.points.allSatisfy {
                    !inner.contains($0) || outer.contains($0)
                }
                if outer.contains(inner) { #expect(holdsAll) }
            }
        }
    }

    @Test func `sum and distance undo each other`() {
        var random = DeterministicRandom(seed: 9)
        for _ in 0..<1000 {
            func point() -> Identifier {
                Identifier(words: (random.next(), random.next(), random.next(), random.next()))
            }
            let (a, b) = (point(), point())
            #expect((a &+ b) &- b == a)
            #expect((a &- b) &+ b == a)
            #expect(Identifier(bytes: a.bytes) == a)
            #expect(Identifier(hexadecimal: a.hexadecimal) == a)
        }
    }
}
