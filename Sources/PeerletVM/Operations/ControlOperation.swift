/// Operations that move control; those with a charge end a block.
enum ControlOperation {
    /// Ends a block that runs into the next.
    @inline(__always)
    static func charge(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe nextBlock(p + 16, c, m, a, f &- p.charge(12), s)
    }

    @inline(__always)
    static func branch(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe nextBlock(p.target(8), c, m, a, f &- p.charge(12), s)
    }

    @inline(__always)
    static func tableS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe select(c[p.index(8)], p, c, m, a, f, s)
    }

    @inline(__always)
    static func tableX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe select(a, p, c, m, a, f, s)
    }

    /// The distances stand behind the number of targets, that of the default last.
    @inline(__always)
    private static func select(
        _ choice: UInt64,
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let chosen = unsafe Int(truncatingIfNeeded: min(choice, p.unsigned(16)))
        unsafe nextBlock(p.target(20 &+ chosen &* 4), c, m, a, f &- p.charge(12), s)
    }

    // MARK: Calls

    /// The callee's frame begins at the arguments.
    @inline(__always)
    static func call(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let state = unsafe s.execution
        let calls = unsafe state.pointee.calls
        let end = unsafe UInt(bitPattern: c + p.index(10))
        guard unsafe calls != state.pointee.callsEnd,
            unsafe end <= UInt(bitPattern: state.pointee.cellsEnd)
        else {
            return unsafe leave(p, c, .call, a, f, s)
        }
        let base = unsafe p.index(8)
        unsafe calls.pointee.returns = p + 24
        unsafe calls.pointee.distance = base
        unsafe state.pointee.calls = calls + 1
        let entry = unsafe Code(bitPattern: UInt(p.word(16))).unsafelyUnwrapped
        unsafe nextBlock(entry, c + base, m, a, f &- p.charge(12), s)
    }

    @inline(__always)
    static func callIndirect(
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let state = unsafe s.execution
        let element = unsafe c[p.index(8)]
        guard unsafe element < state.pointee.tableCount else {
            return unsafe leave(p, c, .undefinedElement, a, f, s)
        }
        let callee = unsafe state.pointee.table + Int(truncatingIfNeeded: element)
        guard unsafe Int(callee.pointee.parameters) == p.index(16),
            unsafe Int(callee.pointee.results) == p.index(18)
        else {
            return unsafe leave(p, c, .signatureMismatch, a, f, s)
        }
        let base = unsafe p.index(10)
        let calls = unsafe state.pointee.calls
        let end = unsafe UInt(bitPattern: c + (base &+ callee.pointee.cells))
        guard unsafe calls != state.pointee.callsEnd,
            unsafe end <= UInt(bitPattern: state.pointee.cellsEnd)
        else {
            return unsafe leave(p, c, .callIndirect, a, f, s)
        }
        unsafe calls.pointee.returns = p + 24
        unsafe calls.pointee.distance = base
        unsafe state.pointee.calls = calls + 1
        unsafe nextBlock(callee.pointee.entry, c + base, m, a, f &- p.charge(12), s)
    }

    /// Locals that are not parameters, at the entry of a function.
    @inline(__always)
    static func clear(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe (c + p.index(8)).update(repeating: 0, count: p.index(10))
        unsafe next(p + 16, c, m, a, f, s)
    }

    @inline(__always)
    static func clear1(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe c[p.index(8)] = 0
        unsafe next(p + 16, c, m, a, f, s)
    }

    @inline(__always)
    static func clear2(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let first = unsafe p.index(8)
        unsafe c[first] = 0
        unsafe c[first &+ 1] = 0
        unsafe next(p + 16, c, m, a, f, s)
    }

    @inline(__always)
    static func return0(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe leaveFrame(p, c, m, a, f, s)
    }

    @inline(__always)
    static func returnS(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe c[0] = c[p.index(8)]
        unsafe leaveFrame(p, c, m, a, f, s)
    }

    @inline(__always)
    static func returnX(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe c[0] = a
        unsafe leaveFrame(p, c, m, a, f, s)
    }

    /// Several results, in ascending cells that move down.
    @inline(__always)
    static func returnN(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let from = unsafe p.index(8)
        let count = unsafe p.index(10)
        var index = 0
        while index < count {
            unsafe c[index] = c[from &+ index]
            index &+= 1
        }
        unsafe leaveFrame(p, c, m, a, f, s)
    }

    @inline(__always)
    private static func leaveFrame(
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        let state = unsafe s.execution
        let caller = unsafe state.pointee.calls - 1
        unsafe state.pointee.calls = caller
        let cells = unsafe c + (0 &- caller.pointee.distance)
        unsafe nextBlock(caller.pointee.returns, cells, m, a, f &- p.charge(12), s)
    }
}
