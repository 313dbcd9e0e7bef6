/// Operations that do the work of two instructions.
///
/// In the names, `s` stands for a left operand in a cell and `x` for one in the accumulator; `A`
/// leaves the result in the accumulator alone.
enum FusedOperation {
    /// A cell, plus the product of a cell or the accumulator and a cell.
    @inline(__always)
    static func multiplyAddS(
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let value = unsafe c[p.index(10)] &+ c[p.index(12)] &* c[p.index(14)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func multiplyAddX(
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let value = unsafe c[p.index(10)] &+ a &* c[p.index(12)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    /// Some bits of a cell or the accumulator, shifted down.
    @inline(__always)
    static func extractS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(10)] &>> UInt64(p.index(14)) & UInt64(p.index(12))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func extractSA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(10)] &>> UInt64(p.index(14)) & UInt64(p.index(12))
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func extractX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe a &>> UInt64(p.index(14)) & UInt64(p.index(12))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func extractXA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe a &>> UInt64(p.index(14)) & UInt64(p.index(12))
        unsafe next(p + 16, c, m, value, f, s)
    }
}

/// The exclusive or of a value with a shifted or rotated cell.
extension BinaryOperation {
    @inline(__always)
    static func mixS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(12)] ^ apply(c[p.index(10)], UInt64(p.index(14)))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func mixSA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(12)] ^ apply(c[p.index(10)], UInt64(p.index(14)))
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func mixX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe a ^ apply(c[p.index(10)], UInt64(p.index(14)))
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func mixXA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe a ^ apply(c[p.index(10)], UInt64(p.index(14)))
        unsafe next(p + 16, c, m, value, f, s)
    }

    /// With an immediate of 64 bits.
    @inline(__always)
    static func sw(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(c[p.index(10)], p.word(16))
        unsafe c[p.index(8)] = value
        unsafe next(p + 24, c, m, value, f, s)
    }

    @inline(__always)
    static func swA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 24, c, m, apply(c[p.index(10)], p.word(16)), f, s)
    }

    @inline(__always)
    static func xw(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(a, p.word(16))
        unsafe c[p.index(8)] = value
        unsafe next(p + 24, c, m, value, f, s)
    }

    @inline(__always)
    static func xwA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 24, c, m, apply(a, p.word(16)), f, s)
    }
}
