/// A write to linear memory of so many bytes.
protocol StoreOperation {
    associatedtype Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable
    /// First position at which such an access is out of bounds.
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64
}

/// Where address and value are: `s` a cell, `x` the accumulator, `i` an immediate.
extension StoreOperation {
    @inline(__always)
    static func ss(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe store(c[p.index(8)], c[p.index(10)], p, c, m, a, f, s)
    }

    @inline(__always)
    static func sx(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe store(a, c[p.index(10)], p, c, m, a, f, s)
    }

    @inline(__always)
    static func si(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe store(shortImmediate(p), c[p.index(10)], p, c, m, a, f, s)
    }

    @inline(__always)
    static func xs(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe store(c[p.index(8)], a, p, c, m, a, f, s)
    }

    @inline(__always)
    static func xi(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe store(shortImmediate(p), a, p, c, m, a, f, s)
    }

    @inline(__always)
    private static func shortImmediate(_ p: Code) -> UInt64 {
        unsafe UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: p.index(8))))
    }

    @inline(__always)
    private static func store(
        _ value: UInt64,
        _ address: UInt64,
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let state = unsafe s.execution
        let (position, overflow) = unsafe address.addingReportingOverflow(p.unsigned(12))
        guard unsafe !overflow && position < end(state) else {
            return unsafe leave(p, c, .memoryOutOfBounds, a, f, s)
        }
        let place = Int(truncatingIfNeeded: position)
        guard unsafe isMarked(place, state.pointee.marks) else {
            unsafe state.pointee.address = position
            unsafe state.pointee.width = MemoryLayout<Value>.size
            return unsafe leave(p, c, .mark, a, f, s)
        }
        let bits = Value(truncatingIfNeeded: value).littleEndian
        unsafe (m + place).storeBytes(of: bits, as: Value.self)
        unsafe next(p + 16, c, m, a, f, s)
    }

    /// Whether nothing has to be recorded for the pages of this access, one if it is aligned.
    @inline(__always)
    private static func isMarked(_ place: Int, _ marks: UnsafeMutablePointer<UInt8>) -> Bool {
        let last = MemoryLayout<Value>.size - 1
        guard unsafe marks[place >> 12] == LinearMemory.settled else { return false }
        guard place & last != 0 else { return true }
        return unsafe marks[(place &+ last) >> 12] == LinearMemory.settled
    }
}

/// Handlers of one store: where the address is, then where the value is.
struct StoreHandlers: Sendable {
    let ss: Operation
    let sx: Operation
    let si: Operation
    let xs: Operation
    let xi: Operation
}
