internal import PeerletBytecode

// Loads and stores, and the address arithmetic that loads do themselves.
extension FunctionTranslator {
    /// An addition, or a multiplication by the size of a cell, that a load's address can do.
    mutating func indexedLoad(
        _ placed: FunctionVerifier.Placed
    ) throws(VerificationError) -> Bool {
        guard placed.instruction.opcode == .add || placed.instruction.opcode == .shl,
            let load = following, case .offset(let offset) = load.instruction.operand,
            load.instruction.opcode.traits.pops == 1
        else { return false }
        let handlers = LoadTable.handlers(load.instruction.opcode)
        switch placed.instruction.opcode {
        case .add where offset <= UInt32(UInt16.max):
            guard stack.hasCells(2) else { return false }
            let right = stack.pop()
            let left = stack.pop()
            try take()
            emit(
                handlers.ss,
                alone: handlers.ssA,
                load,
                index(left),
                index(right),
                Int(offset)
            )
        case .shl:
            guard stack.last == .constant(Self.scale(load.instruction.opcode)) else { return false }
            _ = stack.pop()
            let operand = inCell(stack.pop(), at: stack.height, placed)
            try take()
            emit(handlers.t, alone: handlers.tA, load, index(operand), number: offset)
        default: return false
        }
        return true
    }

    /// Binary logarithm of the bytes read; nothing for single bytes, which need no shift.
    private static func scale(_ opcode: Opcode) -> Int64 {
        switch opcode {
        case .load16U, .load16S: 1
        case .load32U, .load32S: 2
        case .load64: 3
        default: -1
        }
    }

    mutating func load(_ placed: FunctionVerifier.Placed, _ handlers: LoadHandlers) {
        guard case .offset(let offset) = placed.instruction.operand else { return }
        let address = inCell(stack.pop(), at: stack.height, placed)
        if case .accumulator = address {
            useUp()
            emit(handlers.x, alone: handlers.xA, placed, 0, number: offset)
        } else {
            emit(handlers.s, alone: handlers.sA, placed, index(address), number: offset)
        }
    }

    mutating func store(_ placed: FunctionVerifier.Placed, _ handlers: StoreHandlers) {
        guard case .offset(let offset) = placed.instruction.operand else { return }
        var value = stack.pop()
        let address = inCell(stack.pop(), at: stack.height, placed)
        value = refreshed(value)
        if case .constant(let constant) = value, Int16(exactly: constant) == nil {
            value = inCell(value, at: stack.height + 1, placed)
        }
        let place = refreshed(address)
        let handler: Operation
        switch (place, value) {
        case (.accumulator, .constant):
            useUp()
            handler = handlers.xi
        case (_, .constant): handler = handlers.si
        case (.accumulator(let cell), .cell(let other)) where cell != other:
            useUp()
            handler = handlers.xs
        case (.cell(let other), .accumulator(let cell)) where cell != other:
            useUp()
            handler = handlers.sx
        default: handler = handlers.ss
        }
        stack.producer = nil
        buffer.append(
            handler,
            at: placed.offset,
            CodeBuffer.operands(index(value), index(place), number: offset)
        )
    }
}
