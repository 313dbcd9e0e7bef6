/// What the handlers of one machine share beside their registers, and what they leave behind.
@unsafe
struct ExecutionState {
    /// Why the handlers came back.
    enum Reason: UInt8 {
        /// The gauge is in its reserve: the block at `pc` has to be asked for.
        case boundary
        case finished
        /// Stack or control stack have no room for the call at `pc`.
        case call, callIndirect
        /// The store at `pc` touches a page for the first time.
        case mark
        case host, grow, copy, fill
        case explicitTrap, divisionByZero, integerOverflow, memoryOutOfBounds
        case undefinedElement, signatureMismatch
        /// Only where a loop dispatches: the instruction is done.
        case next
    }

    var pc: Code
    var cells: Cells
    var accumulator: UInt64 = 0
    var fuel: Gauge = 0
    var reason = Reason.boundary

    /// Where the running function's caller is noted; the next call goes behind it.
    var calls: UnsafeMutablePointer<Call>
    var callsEnd: UnsafeMutablePointer<Call>
    /// First cell that does not exist.
    var cellsEnd: Cells

    var bytes: Bytes
    /// First positions at which an access of so many bytes is out of bounds.
    var end1: UInt64 = 0
    var end2: UInt64 = 0
    var end4: UInt64 = 0
    var end8: UInt64 = 0
    /// A byte for each page.
    var marks: UnsafeMutablePointer<UInt8>
    var pages: UInt64 = 0
    /// Position and bytes of the store that has to be marked.
    var address: UInt64 = 0
    var width = 0

    var globals: Cells
    var table: UnsafePointer<Callee>
    var tableCount: UInt64

    /// Nothing to run, and no room for anything.
    init(code: Code, cells: Cells, globals: Cells) {
        unsafe pc = code
        unsafe self.cells = cells
        unsafe cellsEnd = cells
        unsafe bytes = Bytes(cells)
        unsafe self.globals = globals
        let calls = unsafe UnsafeMutableRawPointer(cells).assumingMemoryBound(to: Call.self)
        unsafe self.calls = calls
        unsafe callsEnd = calls
        unsafe marks = UnsafeMutableRawPointer(cells).assumingMemoryBound(to: UInt8.self)
        unsafe table = UnsafePointer(
            UnsafeMutableRawPointer(cells).assumingMemoryBound(to: Callee.self)
        )
        unsafe tableCount = 0
    }

    /// A caller that waits.
    @unsafe
    struct Call {
        /// Where it goes on.
        var returns: Code
        /// Cells from its frame to that of the function called.
        var distance: Int
    }

    /// A function as `call_indirect` needs it.
    @unsafe
    struct Callee {
        var entry: Code
        var parameters: UInt16
        var results: UInt16
        /// Locals and operand stack.
        var cells: Int
    }
}
