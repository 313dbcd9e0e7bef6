internal import PeerletBytecode

/// Verified bytecode of one function to register code, in one pass.
struct FunctionTranslator {
    let function: FunctionVerifier
    let buffer: CodeBuffer
    private let prices: MemoryPrices
    var stack: OperandStack
    private(set) var result: RegisterCode.Function
    private(set) var blocks: [RegisterCode.Block] = []

    /// Instruction being translated.
    var position = 0
    /// Price and length so far of the open block.
    private var price: UInt32 = 0
    private var count: UInt32 = 0
    private var isOpen = false
    /// Word of the block at each offset that is a branch target.
    private var words: [UInt32]
    private var branches: [Branch] = []
    /// Of those that constants were written to.
    var highestCell = 0

    /// Blocks that only branch, by their first words.
    private(set) var tests: [Int: Test] = [:]

    /// A block of one instruction: a comparison and a branch.
    struct Test {
        /// A jump to the block can do what the block does.
        var handlers: LoopHandlers
        /// The right operand is a constant.
        var isImmediate: Bool
        /// Cell of the left operand.
        var cell: Int
        var operands: UInt64
        var target: UInt32
        var charge: UInt32
    }

    /// A distance to be set when the target's word is known.
    private struct Branch {
        var instruction: Int
        var field: Int
        var target: UInt32
    }

    init(_ function: FunctionVerifier, _ buffer: CodeBuffer) {
        self.function = function
        self.buffer = buffer
        prices = MemoryPrices(maximumPages: function.image.memory.maximumPages)
        let body = function.body
        let locals = Int(body.parameterCount) + Int(body.localCount)
        stack = OperandStack(locals: locals)
        words = Array(repeating: 0, count: body.code.count)
        result = RegisterCode.Function(
            entry: buffer.count,
            body: buffer.count,
            parameters: Int(body.parameterCount),
            results: Int(body.resultCount),
            locals: locals,
            cells: locals + function.maximumHeight
        )
    }

    mutating func translate() throws(VerificationError) {
        clearLocals()
        while position < function.instructions.count {
            let placed = function.instructions[position]
            if !isOpen || beginsBlock(placed) { openBlock(placed) }
            try take()
            try translate(placed)
            // The last instruction taken: a fused one may have ended the block.
            isOpen = !function.instructions[position - 1].instruction.opcode.traits.endsBlock
        }
        // Never so; a cell beyond the frame would be another's memory.
        guard highestCell < max(1, result.cells) else {
            throw function.failure(.stackLimit, 0, "cell \(highestCell) of \(result.cells)")
        }
        if result.body != result.entry { blocks[0].price = blocks[1].price }
        for branch in branches {
            buffer.setDistance(
                of: branch.instruction,
                field: branch.field,
                to: Int(words[Int(branch.target)])
            )
        }
    }

    private mutating func clearLocals() {
        let count = result.locals - result.parameters
        guard count > 0 else { return }
        noteBlock(offset: 0, height: 0)
        let handler =
            switch count {
            case 1: ControlTable.clear1
            case 2: ControlTable.clear2
            default: ControlTable.clear
            }
        buffer.append(handler, at: 0, CodeBuffer.operands(result.parameters, count))
        result.body = buffer.count
    }

    // MARK: Blocks

    private func beginsBlock(_ placed: FunctionVerifier.Placed) -> Bool {
        function.isTarget[placed.offset] || placed.instruction.opcode.traits.isOwnBlock
    }

    private mutating func openBlock(_ placed: FunctionVerifier.Placed) {
        if isOpen {
            settle()
            buffer.append(
                ControlTable.charge,
                at: placed.offset,
                CodeBuffer.operands(0, 0, number: charge)
            )
        }
        closeBlock()
        stack.reset(height: placed.height)
        words[placed.offset] = UInt32(truncatingIfNeeded: buffer.count)
        noteBlock(offset: placed.offset, height: placed.height)
        isOpen = true
    }

    private mutating func noteBlock(offset: Int, height: Int) {
        blocks.append(
            RegisterCode.Block(
                word: UInt32(truncatingIfNeeded: buffer.count),
                offset: UInt32(truncatingIfNeeded: offset),
                price: 0,
                height: UInt16(truncatingIfNeeded: height)
            )
        )
    }

    private mutating func closeBlock() {
        price = 0
        count = 0
    }

    /// What the open block costs, for the instruction that ends it.
    var charge: UInt32 { FuelGauge.charge(price: price, count: count) }

    /// Counts the next instruction into the open block.
    mutating func take() throws(VerificationError) {
        let placed = function.instructions[position]
        position += 1
        guard !placed.instruction.opcode.traits.isOwnBlock else { return }
        let opcode = placed.instruction.opcode
        price += opcode.traits.price + prices.surcharge(opcode)
        count += 1
        guard price <= BytecodeLimits.blockPrice else {
            throw function.failure(.blockPrice, placed.offset, "\(price) fuel so far")
        }
        blocks[blocks.count - 1].price = UInt16(truncatingIfNeeded: price)
    }

    /// The instruction after the one being translated, if it belongs to the same block.
    var following: FunctionVerifier.Placed? {
        guard position < function.instructions.count else { return nil }
        let placed = function.instructions[position]
        return beginsBlock(placed) ? nil : placed
    }

    /// First word of the open block.
    var blockStart: Int { Int(blocks[blocks.count - 1].word) }

    mutating func note(test: Test) { tests[blockStart] = test }

    /// The block at an offset that was translated already, if it only branches.
    func test(at offset: UInt32) -> (word: Int, test: Test)? {
        let word = Int(words[Int(offset)])
        return tests[word].map { (word, $0) }
    }

    mutating func note(branch instruction: Int, field: Int, to target: UInt32) {
        branches.append(Branch(instruction: instruction, field: field, target: target))
    }
}
