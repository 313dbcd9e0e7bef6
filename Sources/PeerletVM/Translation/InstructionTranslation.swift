internal import PeerletBytecode

// One bytecode instruction to register code, by what kind of instruction it is.
extension FunctionTranslator {
    mutating func translate(_ placed: FunctionVerifier.Placed) throws(VerificationError) {
        let opcode = placed.instruction.opcode
        switch opcode {
        case .const, .localGet, .localSet, .localTee, .globalGet, .globalSet, .drop, .dup, .swap,
            .over, .select, .memorySize, .nop:
            move(placed)
        case .add, .sub, .mul, .and, .or, .xor, .shl, .shrS, .shrU, .rotl, .rotr:
            try binary(placed, BinaryTable.handlers(opcode))
        case .br, .brIf, .brIfZero, .brTable, .ret, .call, .callIndirect, .host, .trap,
            .memoryGrow, .memoryCopy, .memoryFill:
            control(placed)
        case .load8U, .load8S, .load16U, .load16S, .load32U, .load32S, .load64:
            load(placed, LoadTable.handlers(opcode))
        case .store8, .store16, .store32, .store64: store(placed, StoreTable.handlers(opcode))
        case .add32, .sub32, .mul32, .and32, .or32, .xor32, .shl32, .shrS32, .shrU32, .rotl32,
            .rotr32:
            try binary(placed, WordTable.handlers(opcode))
        case .divS, .divU, .remS, .remU, .divS32, .divU32, .remS32, .remU32:
            divide(placed, DivisionTable.handlers(opcode))
        case .clz, .ctz, .popcnt, .extend8, .extend16, .extend32, .wrap32, .clz32, .ctz32,
            .popcnt32:
            unary(placed, UnaryTable.handlers(opcode))
        case .eqz, .eq, .ne, .ltS, .ltU, .gtS, .gtU, .leS, .leU, .geS, .geU, .eqz32, .eq32, .ne32,
            .ltS32, .ltU32, .gtS32, .gtU32, .leS32, .leU32, .geS32, .geU32:
            try compare(placed, BytecodeComparison(opcode))
        }
    }

    // MARK: Arithmetic

    private mutating func binary(
        _ placed: FunctionVerifier.Placed,
        _ handlers: BinaryHandlers
    ) throws(VerificationError) {
        if try indexedLoad(placed) { return }
        if fuse(placed) { return }
        var right = stack.pop()
        var left = stack.pop()
        var rightPosition = stack.height + 1
        if case .constant = left {
            if handlers.sx == nil, !right.isConstant {
                swap(&left, &right)
                rightPosition = stack.height
            } else {
                left = inCell(left, at: stack.height, placed)
                right = refreshed(right)
            }
        }
        if case .constant(let value) = right, Int32(exactly: value) == nil {
            if wide(placed, left, value) { return }
            right = inCell(right, at: rightPosition, placed)
            left = refreshed(left)
        }
        let pattern = pattern(placed.instruction.opcode, left, right)
        defer { stack.producer?.pattern = pattern }
        switch (left, right) {
        case (.accumulator, .constant(let value)):
            useUp()
            emit(handlers.xi, alone: handlers.xiA, placed, 0, immediate: value)
        case (_, .constant(let value)):
            emit(handlers.si, alone: handlers.siA, placed, index(left), immediate: value)
        case (.accumulator(let cell), .cell(let other)) where cell != other:
            useUp()
            emit(handlers.xs, alone: handlers.xsA, placed, 0, other)
        case (.cell(let other), .accumulator(let cell)) where cell != other:
            if let handler = handlers.sx {
                useUp()
                emit(handler, alone: nil, placed, other)
            } else {
                useUp()
                emit(handlers.xs, alone: handlers.xsA, placed, 0, other)
            }
        default:
            emit(handlers.ss, alone: handlers.ssA, placed, index(left), index(right))
        }
    }

    private mutating func unary(_ placed: FunctionVerifier.Placed, _ handlers: UnaryHandlers) {
        let operand = inCell(stack.pop(), at: stack.height, placed)
        if case .accumulator = operand {
            useUp()
            emit(handlers.x, alone: handlers.xA, placed)
        } else {
            emit(handlers.s, alone: handlers.sA, placed, index(operand))
        }
    }

    private mutating func divide(_ placed: FunctionVerifier.Placed, _ handlers: DivisionHandlers) {
        var right = stack.pop()
        var left = stack.pop()
        left = inCell(left, at: stack.height, placed)
        if case .constant(let value) = right, Int32(exactly: value) != nil {
            return emit(handlers.si, alone: nil, placed, index(left), immediate: value)
        }
        right = inCell(right, at: stack.height + 1, placed)
        emit(handlers.ss, alone: nil, placed, index(left), index(right))
    }

    // MARK: Results

    /// An instruction whose result is pushed: cell of the result, then up to three operands.
    mutating func emit(
        _ handler: Operation,
        alone: Operation?,
        _ placed: FunctionVerifier.Placed,
        _ a: Int = 0,
        _ b: Int = 0,
        _ c: Int = 0
    ) {
        let word = buffer.append(
            handler,
            at: placed.offset,
            CodeBuffer.operands(stack.top, a, b, c)
        )
        produced(by: word, alone)
    }

    mutating func emit(
        _ handler: Operation,
        alone: Operation?,
        _ placed: FunctionVerifier.Placed,
        _ a: Int,
        number: UInt32
    ) {
        let operands = CodeBuffer.operands(stack.top, a, number: number)
        produced(by: buffer.append(handler, at: placed.offset, operands), alone)
    }

    mutating func emit(
        _ handler: Operation,
        alone: Operation?,
        _ placed: FunctionVerifier.Placed,
        _ a: Int,
        immediate: Int64
    ) {
        emit(handler, alone: alone, placed, a, number: UInt32(truncatingIfNeeded: immediate))
    }

    mutating func produced(by word: Int, _ alone: Operation?) {
        stack.producer = OperandStack.Producer(word: word, cell: stack.top, alone: alone)
        stack.push()
    }

    /// The last result is taken from the accumulator and nowhere else: it needs no cell.
    mutating func useUp() {
        if let producer = stack.producer, let alone = producer.alone {
            buffer.replaceHandler(at: producer.word, with: alone)
        }
        stack.producer = nil
    }

    // MARK: Operands

    /// The operand as it is after other instructions were emitted.
    func refreshed(_ operand: OperandStack.Operand) -> OperandStack.Operand {
        switch operand {
        case .accumulator(let cell), .cell(let cell): stack.operand(cell)
        case .constant: operand
        }
    }

    /// Cell of an operand, or the bits of a short constant.
    func index(_ operand: OperandStack.Operand) -> Int {
        switch operand {
        case .cell(let cell), .accumulator(let cell): cell
        case .constant(let value): Int(truncatingIfNeeded: value)
        }
    }

    /// A constant is written to the cell of a position, others stay where they are.
    mutating func inCell(
        _ operand: OperandStack.Operand,
        at position: Int,
        _ placed: FunctionVerifier.Placed
    ) -> OperandStack.Operand {
        guard case .constant(let value) = operand else { return operand }
        let cell = stack.cell(position)
        highestCell = max(highestCell, cell)
        let word = constant(value, in: cell, placed.offset)
        stack.producer = OperandStack.Producer(word: word, cell: cell, alone: nil)
        return .accumulator(cell)
    }

    /// Writes every pending value to its cell.
    mutating func settle() {
        for pending in stack.pending { write(pending) }
        stack.settle()
    }

    /// Writes one pending value to its cell.
    mutating func write(_ pending: OperandStack.Pending) {
        let cell = stack.cell(pending.position)
        let offset = function.instructions[max(0, position - 1)].offset
        switch pending.value {
        case .constant(let value): constant(value, in: cell, offset)
        case .local(let local):
            buffer.append(DataTable.move, at: offset, CodeBuffer.operands(cell, local))
        }
        stack.producer = nil
    }

    @discardableResult
    func constant(_ value: Int64, in cell: Int, _ offset: Int) -> Int {
        guard let short = Int32(exactly: value) else {
            return buffer.append(
                DataTable.constantWord,
                at: offset,
                CodeBuffer.operands(cell),
                UInt64(bitPattern: value)
            )
        }
        let operands = CodeBuffer.operands(cell, 0, number: UInt32(bitPattern: short))
        return buffer.append(DataTable.constant, at: offset, operands)
    }
}
