/// A comparison of two cells.
protocol Condition {
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool
}

/// The same on the low 32 bits.
protocol WordCondition: Condition {
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool
}

extension WordCondition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool {
        holds(UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b))
    }
}

/// Names as in `BinaryOperation`; a comparison with `V` gives 1 or 0, the others branch.
extension Condition {
    @inline(__always)
    static func ssV(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value: UInt64 = unsafe holds(c[p.index(10)], c[p.index(12)]) ? 1 : 0
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func siV(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value: UInt64 = unsafe holds(c[p.index(10)], p.immediate(12)) ? 1 : 0
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func ss(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(c[p.index(8)], c[p.index(10)])
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func si(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(c[p.index(8)], p.immediate(12))
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func xs(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(a, c[p.index(10)])
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func sx(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(c[p.index(8)], a)
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func xi(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(a, p.immediate(12))
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    /// After an addition to the left cell, as at the end of a counted loop.
    @inline(__always)
    static func addI(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(8)] &+ shortImmediate(p)
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, p.immediate(12))
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func addS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(8)] &+ shortImmediate(p)
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, c[p.index(12)])
        unsafe branch(isTaken, p, c, m, a, f, s)
    }

    /// At a jump to a block that only branches, done here if both blocks can be paid.
    @inline(__always)
    static func jumpI(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(c[p.index(8)], p.immediate(12))
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func jumpS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let isTaken = unsafe holds(c[p.index(8)], c[p.index(10)])
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    /// The same after an addition of a constant to the left cell.
    @inline(__always)
    static func countJumpI(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        let value = unsafe c[p.index(8)] &+ p.immediate(36)
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, p.immediate(12))
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func countJumpS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        let value = unsafe c[p.index(8)] &+ p.immediate(36)
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, c[p.index(10)])
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    /// The same after an addition of a cell to the left cell.
    @inline(__always)
    static func sumJumpI(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(8)] &+ c[p.index(36)]
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, p.immediate(12))
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    static func sumJumpS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(8)] &+ c[p.index(36)]
        unsafe c[p.index(8)] = value
        let isTaken = unsafe holds(value, c[p.index(10)])
        unsafe jump(isTaken, p, c, m, a, f, s)
    }

    @inline(__always)
    private static func shortImmediate(_ p: Code) -> UInt64 {
        unsafe UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: p.index(10))))
    }

    @inline(__always)
    private static func jump(
        _ isTaken: Bool,
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let left = unsafe f &- p.charge(20)
        if left < 0 {
            return unsafe nextBlock(p.target(24), c, m, a, f &- p.charge(28), s)
        }
        if isTaken {
            unsafe next(p.target(16), c, m, a, left, s)
        } else {
            unsafe next(p.target(32), c, m, a, left, s)
        }
    }
}

/// Handlers of one comparison by where its operands are.
struct ConditionHandlers: Sendable {
    let ss: Operation
    let si: Operation
    let xs: Operation
    let sx: Operation
    let xi: Operation
    let ssV: Operation
    let siV: Operation
    /// Nil for comparisons of 32 bits.
    var loop: LoopHandlers?
}

/// Handlers of a comparison that also do what comes before it in a loop.
struct LoopHandlers: Sendable {
    let addI: Operation
    let addS: Operation
    let jumpI: Operation
    let jumpS: Operation
    let countJumpI: Operation
    let countJumpS: Operation
    let sumJumpI: Operation
    let sumJumpS: Operation
}

/// A branch that tests bits of a cell, or of the accumulator: whether all of them are zero.
enum BitTest {
    @inline(__always)
    static func zeroS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe branch(c[p.index(8)] & p.immediate(12) == 0, p, c, m, a, f, s)
    }

    @inline(__always)
    static func zeroX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe branch(a & p.immediate(12) == 0, p, c, m, a, f, s)
    }

    @inline(__always)
    static func someS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe branch(c[p.index(8)] & p.immediate(12) != 0, p, c, m, a, f, s)
    }

    @inline(__always)
    static func someX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe branch(a & p.immediate(12) != 0, p, c, m, a, f, s)
    }
}

/// Ends a block: two ways on, each with a jump of its own that the processor predicts.
@inline(__always)
func branch(
    _ isTaken: Bool,
    _ p: Code,
    _ c: Cells,
    _ m: Bytes,
    _ a: UInt64,
    _ f: Gauge,
    _ s: Shared
) {
    let left = unsafe f &- p.charge(20)
    if left < 0 {
        return unsafe leave(isTaken ? p.target(16) : p + 24, c, .boundary, a, left, s)
    }
    if isTaken {
        unsafe next(p.target(16), c, m, a, left, s)
    } else {
        unsafe next(p + 24, c, m, a, left, s)
    }
}
