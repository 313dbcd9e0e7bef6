/// An operation on two cells that cannot fail (`Spec/isa/execution.md` §3).
protocol BinaryOperation {
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64
}

/// The same on the low 32 bits; the result is zero-extended.
protocol WordOperation: BinaryOperation {
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32
}

extension WordOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 {
        UInt64(apply(UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b)))
    }
}

/// Where operands are: `s` a cell, `x` the accumulator, `i` an immediate. The result goes to the
/// accumulator and a cell, or with `A` to the accumulator alone.
extension BinaryOperation {
    @inline(__always)
    static func ss(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(c[p.index(10)], c[p.index(12)])
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func ssA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(c[p.index(10)], c[p.index(12)]), f, s)
    }

    @inline(__always)
    static func si(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(c[p.index(10)], p.immediate(12))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func siA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(c[p.index(10)], p.immediate(12)), f, s)
    }

    @inline(__always)
    static func xs(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(a, c[p.index(12)])
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func xsA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(a, c[p.index(12)]), f, s)
    }

    @inline(__always)
    static func sx(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(c[p.index(10)], a)
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func xi(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(a, p.immediate(12))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func xiA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(a, p.immediate(12)), f, s)
    }
}

/// Handlers of one operation by where its operands are; those with `A` leave the result in the
/// accumulator alone.
struct BinaryHandlers: Sendable {
    let ss: Operation
    let ssA: Operation
    let si: Operation
    let siA: Operation
    let xs: Operation
    let xsA: Operation
    let xi: Operation
    let xiA: Operation
    /// Left operand in a cell, right in the accumulator; nil where the operands may be exchanged.
    var sx: Operation?
}
