/// Operations that move cells.
enum DataOperation {
    @inline(__always)
    static func move(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(10)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func exchange(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let (first, second) = unsafe (p.index(8), p.index(10))
        let value = unsafe c[first]
        unsafe c[first] = c[second]
        unsafe c[second] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func constant(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe p.immediate(12)
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func constantWord(
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let value = unsafe p.word(16)
        unsafe c[p.index(8)] = value
        unsafe next(p + 24, c, m, value, f, s)
    }

    @inline(__always)
    static func selectS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe c[p.index(14)] != 0 ? c[p.index(10)] : c[p.index(12)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func selectX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe a != 0 ? c[p.index(10)] : c[p.index(12)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func globalGet(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe s.execution.pointee.globals[p.index(10)]
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func globalGetA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        let value = unsafe s.execution.pointee.globals[p.index(10)]
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func globalSetS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        unsafe s.execution.pointee.globals[p.index(10)] = c[p.index(8)]
        unsafe next(p + 16, c, m, a, f, s)
    }

    @inline(__always)
    static func globalSetX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        unsafe s.execution.pointee.globals[p.index(10)] = a
        unsafe next(p + 16, c, m, a, f, s)
    }

    @inline(__always)
    static func memorySize(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared)
    {
        let value = unsafe s.execution.pointee.pages
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }
}
