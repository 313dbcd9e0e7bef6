/// A machine at a block boundary in terms of the bytecode alone (`Spec/isa/execution.md` §6).
package struct MachineState: Hashable, Sendable {
    package struct Frame: Hashable, Sendable {
        package var function: UInt32
        /// Offset of the next instruction: for a caller, the one after its call.
        package var offset: UInt32
        /// Parameters and locals.
        package var locals: [Int64]
        /// Operand stack, deepest first; arguments of a call have moved to the callee.
        package var stack: [Int64]

        package init(function: UInt32, offset: UInt32, locals: [Int64], stack: [Int64]) {
            self.function = function
            self.offset = offset
            self.locals = locals
            self.stack = stack
        }
    }

    /// Outermost first; empty when nothing runs.
    package var frames: [Frame]
    package var globals: [Int64]
    package var memory: [UInt8]
    /// A host call at the innermost frame's offset is paid and waits for its answer.
    package var awaitsHost: Bool
    /// Pages that the activation wrote or added, ascending.
    package var writtenPages: [UInt32]
    /// Fuel for first writes, to be paid before anything else.
    package var owedFuel: UInt64
    /// How the activation ends once that is paid; there are no frames then.
    package var ending: Ending?

    package enum Ending: Hashable, Sendable {
        case returned([Int64])
        case trapped(TrapKind, [CodeLocation])
    }

    package init(
        frames: [Frame],
        globals: [Int64],
        memory: [UInt8],
        awaitsHost: Bool = false,
        writtenPages: [UInt32] = [],
        owedFuel: UInt64 = 0,
        ending: Ending? = nil
    ) {
        self.frames = frames
        self.globals = globals
        self.memory = memory
        self.awaitsHost = awaitsHost
        self.writtenPages = writtenPages
        self.owedFuel = owedFuel
        self.ending = ending
    }
}
