internal import PeerletBytecode

/// A read of linear memory: how many bytes, and what they mean.
protocol LoadOperation {
    associatedtype Value: FixedWidthInteger & BitwiseCopyable
    /// First position at which such an access is out of bounds.
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64
}

/// Where the address is: `s` a cell, `x` the accumulator, `ss` the sum of two cells, `t` a cell
/// times the size of what is read. An offset is added without wrapping around.
extension LoadOperation {
    @inline(__always)
    static func s(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe load(c[p.index(10)], p.unsigned(12), p, c, m, a, f, s) { unsafe c[p.index(8)] = $0 }
    }

    @inline(__always)
    static func sA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe load(c[p.index(10)], p.unsigned(12), p, c, m, a, f, s) { _ in }
    }

    @inline(__always)
    static func x(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe load(a, p.unsigned(12), p, c, m, a, f, s) { unsafe c[p.index(8)] = $0 }
    }

    @inline(__always)
    static func xA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe load(a, p.unsigned(12), p, c, m, a, f, s) { _ in }
    }

    @inline(__always)
    static func ss(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let address = unsafe c[p.index(10)] &+ c[p.index(12)]
        unsafe load(address, UInt64(p.index(14)), p, c, m, a, f, s) {
            unsafe c[p.index(8)] = $0
        }
    }

    @inline(__always)
    static func ssA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let address = unsafe c[p.index(10)] &+ c[p.index(12)]
        unsafe load(address, UInt64(p.index(14)), p, c, m, a, f, s) { _ in }
    }

    @inline(__always)
    static func t(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let address = unsafe c[p.index(10)] &* UInt64(MemoryLayout<Value>.size)
        unsafe load(address, p.unsigned(12), p, c, m, a, f, s) { unsafe c[p.index(8)] = $0 }
    }

    @inline(__always)
    static func tA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let address = unsafe c[p.index(10)] &* UInt64(MemoryLayout<Value>.size)
        unsafe load(address, p.unsigned(12), p, c, m, a, f, s) { _ in }
    }

    @inline(__always)
    private static func load(
        _ address: UInt64,
        _ offset: UInt64,
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared,
        _ keep: (UInt64) -> Void
    ) {
        let (position, overflow) = address.addingReportingOverflow(offset)
        guard unsafe !overflow && position < end(s.execution) else {
            return unsafe leave(p, c, .memoryOutOfBounds, a, f, s)
        }
        let place = unsafe m + Int(truncatingIfNeeded: position)
        let value = unsafe Value(littleEndian: place.loadUnaligned(as: Value.self))
        let cell = UInt64(truncatingIfNeeded: value)
        keep(cell)
        unsafe next(p + 16, c, m, cell, f, s)
    }
}

/// Handlers of one load by where its address is.
struct LoadHandlers: Sendable {
    let s: Operation
    let sA: Operation
    let x: Operation
    let xA: Operation
    let ss: Operation
    let ssA: Operation
    let t: Operation
    let tA: Operation
}
