internal import PeerletBytecode

/// A verified program in the form in which it runs; immutable, shared by all its machines.
///
/// Unchecked `Sendable`: nothing is written after `init`.
@safe
final class RegisterCode: @unchecked Sendable {
    struct Function {
        /// Word at which a call enters.
        var entry: Int
        /// Word of the first block, behind what clears the locals.
        var body: Int
        var parameters: Int
        var results: Int
        /// Parameters and locals.
        var locals: Int
        /// Parameters, locals and the greatest operand stack.
        var cells: Int
    }

    /// A place where the machine can stop.
    struct Block {
        /// First word.
        var word: UInt32
        /// Offset of its first instruction in the function's bytecode.
        var offset: UInt32
        /// Of all its instructions; 0 for one that takes its own price.
        var price: UInt16
        /// Cells on the operand stack before it.
        var height: UInt16
    }

    struct Import {
        var call: HostCall
        var parameters: Int
        var price: HostCallPrice
    }

    let functions: ContiguousArray<Function>
    let imports: ContiguousArray<Import>
    /// Price of the most expensive block.
    let reserve: UInt64
    let base: Code
    let table: UnsafePointer<ExecutionState.Callee>
    let tableCount: Int
    /// Where a loop dispatches, the handler of each word that begins an instruction.
    let handlers: ContiguousArray<Operation>?

    private let blocks: ContiguousArray<Block>
    private let starts: ContiguousArray<UInt32>
    private let offsets: ContiguousArray<UInt32>

    /// A caller's position is this far behind its call.
    static let callLength = 3
    /// Words of a comparison and branch.
    static let branchLength = 3

    init(
        _ buffer: CodeBuffer,
        functions: ContiguousArray<Function>,
        blocks: ContiguousArray<Block>,
        imports: ContiguousArray<Import>,
        table: [UInt32]
    ) {
        self.functions = functions
        self.blocks = blocks
        self.imports = imports
        starts = buffer.starts
        offsets = buffer.offsets
        reserve = blocks.reduce(0) { max($0, UInt64($1.price)) }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: buffer.count)
        for index in 0..<buffer.count {
            unsafe (words + index).initialize(to: buffer.words[index])
        }
        unsafe base = Code(words)
        for call in buffer.calls {
            let field = unsafe words + Int(call)
            let callee = unsafe functions[Int(field[2])]
            let base = unsafe UInt16(truncatingIfNeeded: field[1])
            let need = UInt16(truncatingIfNeeded: Int(base) + callee.cells)
            unsafe field[1] |= UInt64(need) << 16
            unsafe field[2] = UInt64(UInt(bitPattern: words + callee.entry))
        }
        let callees = UnsafeMutablePointer<ExecutionState.Callee>.allocate(
            capacity: max(1, table.count)
        )
        for (index, callee) in table.enumerated() {
            let function = functions[Int(callee)]
            unsafe (callees + index).initialize(
                to: ExecutionState.Callee(
                    entry: Code(words + function.entry),
                    parameters: UInt16(truncatingIfNeeded: function.parameters),
                    results: UInt16(truncatingIfNeeded: function.results),
                    cells: function.cells
                )
            )
        }
        unsafe self.table = UnsafePointer(callees)
        tableCount = table.count
        handlers = unsafe Interpreter.handlersJump ? nil : Self.unthread(words, buffer)
    }

    deinit {
        unsafe base.deallocate()
        unsafe table.deallocate()
    }

    /// Takes the handlers out of the code, so that each comes back to a loop.
    private static func unthread(
        _ words: UnsafeMutablePointer<UInt64>,
        _ buffer: CodeBuffer
    ) -> ContiguousArray<Operation> {
        var handlers = ContiguousArray(repeating: ExitTable.yield, count: buffer.count)
        for start in buffer.starts {
            let word = Int(start)
            handlers[word] = unsafe (words + word).withMemoryRebound(
                to: Operation.self,
                capacity: 1
            ) {
                unsafe $0.pointee
            }
            unsafe words[word] = ExitTable.yield.bits
        }
        return handlers
    }

    // MARK: Places

    func address(of word: Int) -> Code { unsafe base + word * 8 }

    func word(of pc: Code) -> Int { unsafe (pc - base) / 8 }

    /// The function that a word belongs to.
    func function(at word: Int) -> Int {
        max(0, Self.count(functions.count) { functions[$0].entry <= word } - 1)
    }

    /// The block that a word belongs to.
    func block(at word: Int) -> Block {
        let index = Self.count(blocks.count) { Int(blocks[$0].word) <= word } - 1
        return blocks[max(0, index)]
    }

    /// Offset in the bytecode of the instruction that begins at a word.
    func offset(at word: Int) -> UInt32 {
        let index = Self.count(starts.count) { Int(starts[$0]) <= word } - 1
        return offsets[max(0, index)]
    }

    /// How many of `0..<count` fulfil a condition that the first ones do.
    private static func count(_ count: Int, _ condition: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
