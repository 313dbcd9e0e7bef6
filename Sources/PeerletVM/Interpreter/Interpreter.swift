/// How instructions follow one another.
///
/// *Threaded*: each handler jumps to the next. That takes a compiler that makes a call in tail
/// position a jump, which Swift does when it optimises but does not promise. Where it does not, the
/// code gets `ExitTable.yield` in the place of every handler, and a loop calls the real ones.
enum Interpreter {
    static let handlersJump = SelfCheck.passes

    /// Runs from the state's place until a handler leaves.
    static func run(_ state: UnsafeMutablePointer<ExecutionState>, _ code: RegisterCode) {
        guard let handlers = code.handlers else {
            return unsafe next(
                state.pointee.pc,
                state.pointee.cells,
                state.pointee.bytes,
                state.pointee.accumulator,
                state.pointee.fuel,
                Shared(state)
            )
        }
        repeat {
            unsafe state.pointee.reason = .next
            unsafe handlers[code.word(of: state.pointee.pc)].handler(
                state.pointee.pc,
                state.pointee.cells,
                state.pointee.bytes,
                state.pointee.accumulator,
                state.pointee.fuel,
                Shared(state)
            )
        } while unsafe state.pointee.reason == .next
    }
}
