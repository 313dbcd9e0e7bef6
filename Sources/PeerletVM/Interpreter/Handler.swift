/// Next instruction of the register code.
typealias Code = UnsafeRawPointer
/// First cell of the running frame.
typealias Cells = UnsafeMutablePointer<UInt64>
/// First byte of linear memory.
typealias Bytes = UnsafeMutableRawPointer
/// Fuel and instructions of a slice, as `FuelGauge` packs them.
typealias Gauge = Int32
/// The `ExecutionState` of the machine; raw because C function types know no Swift structs.
typealias Shared = UnsafeMutableRawPointer

/// One operation of the register code: does its work and goes on to the next in tail position.
///
/// The six parameters are the machine's registers and, being six integers, stay in those of the
/// processor. The fourth is the *accumulator*, the last result; the fifth is `FuelGauge`'s counter.
/// A handler keeps nothing alive over that last call, so that optimised code jumps.
typealias Handler = @convention(c) @Sendable (Code, Cells, Bytes, UInt64, Gauge, Shared) -> Void

/// A handler as a value that can be stored and written into code.
@safe
struct Operation: Sendable {
    let handler: Handler

    @safe
    init(_ handler: Handler) { unsafe self.handler = handler }

    /// From its representation in code.
    @unsafe
    init(bits: UInt64) { unsafe handler = unsafeBitCast(UInt(bits), to: Handler.self) }

    var bits: UInt64 { unsafe UInt64(unsafeBitCast(handler, to: UInt.self)) }
}

/// Goes on with the instruction at `pc`.
@inline(__always)
func next(
    _ pc: Code,
    _ cells: Cells,
    _ bytes: Bytes,
    _ accumulator: UInt64,
    _ fuel: Gauge,
    _ shared: Shared
) {
    let handler = unsafe pc.assumingMemoryBound(to: Handler.self).pointee
    unsafe handler(pc, cells, bytes, accumulator, fuel, shared)
}

/// Goes on at the block that begins at `pc`, unless the gauge is in its reserve.
@inline(__always)
func nextBlock(
    _ pc: Code,
    _ cells: Cells,
    _ bytes: Bytes,
    _ accumulator: UInt64,
    _ fuel: Gauge,
    _ shared: Shared
) {
    if fuel < 0 {
        return unsafe leave(pc, cells, .boundary, accumulator, fuel, shared)
    }
    unsafe next(pc, cells, bytes, accumulator, fuel, shared)
}

/// Returns to `Machine.execute`, which looks at the reason.
///
/// The parameters are in the order of a handler's, so that they are where they have to be.
@inline(never)
func leave(
    _ pc: Code,
    _ cells: Cells,
    _ reason: ExecutionState.Reason,
    _ accumulator: UInt64,
    _ fuel: Gauge,
    _ shared: Shared
) {
    let state = unsafe shared.execution
    unsafe state.pointee.pc = pc
    unsafe state.pointee.cells = cells
    unsafe state.pointee.accumulator = accumulator
    unsafe state.pointee.fuel = fuel
    unsafe state.pointee.reason = reason
}

extension UnsafeMutableRawPointer {
    /// What handlers share beside their registers.
    @inline(__always)
    var execution: UnsafeMutablePointer<ExecutionState> {
        unsafe assumingMemoryBound(to: ExecutionState.self)
    }
}

/// Operands of an instruction at their byte offsets; `CodeBuffer` wrote them, aligned.
extension UnsafeRawPointer {
    @inline(__always)
    func index(_ offset: Int) -> Int {
        unsafe Int((self + offset).assumingMemoryBound(to: UInt16.self).pointee)
    }

    @inline(__always)
    func signed(_ offset: Int) -> Int {
        unsafe Int((self + offset).assumingMemoryBound(to: Int32.self).pointee)
    }

    @inline(__always)
    func unsigned(_ offset: Int) -> UInt64 {
        unsafe UInt64((self + offset).assumingMemoryBound(to: UInt32.self).pointee)
    }

    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        unsafe (self + offset).assumingMemoryBound(to: UInt64.self).pointee
    }

    /// What the block that ends here costs, as `FuelGauge` packs it.
    @inline(__always)
    func charge(_ offset: Int) -> Gauge {
        unsafe (self + offset).assumingMemoryBound(to: Gauge.self).pointee
    }

    /// The instruction that a branch goes to.
    @inline(__always)
    func target(_ offset: Int) -> Code { unsafe self + signed(offset) }

    /// An immediate, sign-extended.
    @inline(__always)
    func immediate(_ offset: Int) -> UInt64 {
        unsafe UInt64(bitPattern: Int64(signed(offset)))
    }
}
