internal import PeerletBytecode

// Instructions that do the work of the last one as well, which is then taken back.
extension FunctionTranslator {
    /// What an operation about to be translated offers to the next.
    func pattern(
        _ opcode: Opcode,
        _ left: OperandStack.Operand,
        _ right: OperandStack.Operand
    ) -> OperandStack.Pattern {
        guard case .constant(let value) = right else {
            if opcode == .add { return .sum(index(left), index(right)) }
            guard opcode == .mul else { return .other }
            if case .accumulator = right { return .multiply(right, cell: index(left)) }
            return .multiply(left, cell: index(right))
        }
        switch opcode {
        case .add: return .add(cell: index(left), constant: value)
        case .sub: return .add(cell: index(left), constant: 0 &- value)
        case .and: return .and(left, constant: value)
        default: return shift(opcode, left, value)
        }
    }

    private func shift(
        _ opcode: Opcode,
        _ operand: OperandStack.Operand,
        _ value: Int64
    ) -> OperandStack.Pattern {
        guard FusedTable.mix(opcode) != nil else { return .other }
        var cell: Int? = index(operand)
        if case .accumulator = operand, stack.producer?.alone != nil { cell = nil }
        let isWord = opcode == .shrU32 || opcode == .rotl32 || opcode == .rotr32
        return .shift(
            OperandStack.Shift(
                opcode: opcode,
                operand: operand,
                cell: cell,
                count: Int(value & (isWord ? 31 : 63)),
                before: stack.producer.map { ($0.word, $0.cell, $0.alone) }
            )
        )
    }

    mutating func fuse(_ placed: FunctionVerifier.Placed) -> Bool {
        switch placed.instruction.opcode {
        case .add: multiplyAdd(placed)
        case .and: extract(placed)
        case .xor: mix(placed)
        default: false
        }
    }

    /// The cell that is added or mixed to the last result; nil if that is not an operand.
    private func cellBesideLast() -> Int? {
        guard stack.height >= 2, let producer = stack.producer else { return nil }
        let upper = stack.cell(stack.height - 1)
        if stack.last == nil {
            guard producer.cell == upper else { return nil }
            let position = stack.height - 2
            switch stack.pending.last(where: { $0.position == position })?.value {
            case .constant: return nil
            case .local(let local): return local
            case nil: return upper - 1
            }
        }
        guard case .local(let local) = stack.last, !stack.isPending(2),
            producer.cell == upper - 1
        else { return nil }
        return local
    }

    private mutating func multiplyAdd(_ placed: FunctionVerifier.Placed) -> Bool {
        guard case .multiply(let left, let right) = stack.producer?.pattern,
            let addend = cellBesideLast()
        else { return false }
        takeBack(2)
        if case .accumulator = left {
            emit(FusedTable.multiplyAddX, alone: nil, placed, addend, right)
        } else {
            emit(FusedTable.multiplyAddS, alone: nil, placed, addend, index(left), right)
        }
        return true
    }

    private mutating func extract(_ placed: FunctionVerifier.Placed) -> Bool {
        guard case .constant(let mask) = stack.last, UInt16(exactly: mask) != nil,
            !stack.isPending(2), stack.height >= 2,
            case .shift(let shift) = stack.producer?.pattern, shift.opcode == .shrU,
            stack.producer?.cell == stack.cell(stack.height - 2)
        else { return false }
        takeBack(2)
        let bits = Int(mask)
        if case .accumulator = shift.operand {
            emit(FusedTable.extractX, alone: FusedTable.extractXA, placed, 0, bits, shift.count)
        } else {
            let cell = index(shift.operand)
            emit(FusedTable.extractS, alone: FusedTable.extractSA, placed, cell, bits, shift.count)
        }
        return true
    }

    private mutating func mix(_ placed: FunctionVerifier.Placed) -> Bool {
        guard case .shift(let shift) = stack.producer?.pattern, let cell = shift.cell,
            let handlers = FusedTable.mix(shift.opcode), let other = cellBesideLast()
        else { return false }
        takeBack(2)
        if let before = shift.before, before.cell == other {
            if let alone = before.alone { buffer.replaceHandler(at: before.word, with: alone) }
            emit(handlers.x, alone: handlers.xA, placed, cell, 0, shift.count)
        } else {
            emit(handlers.s, alone: handlers.sA, placed, cell, other, shift.count)
        }
        return true
    }

    /// Drops operands and the instruction that made the last result.
    private mutating func takeBack(_ operands: Int) {
        stack.drop(operands)
        stack.producer = nil
        buffer.removeLast()
    }

    /// An operation with a constant that takes a word.
    mutating func wide(
        _ placed: FunctionVerifier.Placed,
        _ left: OperandStack.Operand,
        _ value: Int64
    ) -> Bool {
        guard let handlers = FusedTable.wide(placed.instruction.opcode) else { return false }
        var (handler, alone) = (handlers.s, handlers.sA)
        if case .accumulator = left {
            useUp()
            (handler, alone) = (handlers.x, handlers.xA)
        }
        let operands = CodeBuffer.operands(stack.top, index(left))
        let bits = UInt64(bitPattern: value)
        produced(by: buffer.append(handler, at: placed.offset, operands, bits), alone)
        return true
    }
}
