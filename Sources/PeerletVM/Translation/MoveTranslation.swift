internal import PeerletBytecode

// Instructions that only move cells: most of them need no code.
extension FunctionTranslator {
    mutating func move(_ placed: FunctionVerifier.Placed) {
        switch (placed.instruction.opcode, placed.instruction.operand) {
        case (.const, .constant(let value)): push(.constant(value))
        case (.localGet, .index(let local)): push(.local(Int(local)))
        case (.localSet, .index(let local)): setLocal(Int(local), placed)
        case (.localTee, .index(let local)):
            setLocal(Int(local), placed)
            push(.local(Int(local)))
        case (.globalGet, .index(let global)):
            emit(DataTable.globalGet, alone: DataTable.globalGetA, placed, Int(global))
        case (.globalSet, .index(let global)): setGlobal(Int(global), placed)
        case (.drop, _): stack.drop(1)
        case (.dup, _): copy(from: 1, placed)
        case (.over, _): copy(from: 2, placed)
        case (.swap, _): exchange(placed)
        case (.select, _): select(placed)
        case (.memorySize, _): emit(DataTable.memorySize, alone: nil, placed)
        default: break
        }
    }

    private mutating func push(_ value: OperandStack.Value) {
        if stack.pending.count == OperandStack.mostPending { settle() }
        stack.push(value)
    }

    private mutating func setLocal(_ local: Int, _ placed: FunctionVerifier.Placed) {
        let value = stack.last
        stack.drop(1)
        let source = stack.top
        for pending in stack.removePending(of: local) { write(pending) }
        switch value {
        case .constant(let value):
            let word = constant(value, in: local, placed.offset)
            stack.producer = .init(word: word, cell: local, alone: nil)
        case .local(local): break
        case .local(let other): moveCell(other, to: local, placed)
        case nil:
            if let producer = stack.producer, producer.cell == source {
                buffer.replaceTarget(at: producer.word, with: local)
                stack.retarget(to: local)
            } else {
                moveCell(source, to: local, placed)
            }
        }
    }

    private mutating func moveCell(
        _ source: Int,
        to target: Int,
        _ placed: FunctionVerifier.Placed
    ) {
        let operands = CodeBuffer.operands(target, source)
        let word = buffer.append(DataTable.move, at: placed.offset, operands)
        stack.producer = .init(word: word, cell: target, alone: nil)
    }

    private mutating func setGlobal(_ global: Int, _ placed: FunctionVerifier.Placed) {
        let value = inCell(stack.pop(), at: stack.height, placed)
        var handler = DataTable.globalSetS
        if case .accumulator = value {
            useUp()
            handler = DataTable.globalSetX
        }
        stack.producer = nil
        buffer.append(handler, at: placed.offset, CodeBuffer.operands(index(value), global))
    }

    /// Pushes a copy of the value so far from the top.
    private mutating func copy(from depth: Int, _ placed: FunctionVerifier.Placed) {
        let position = stack.height - depth
        if let pending = stack.pending.last(where: { $0.position == position }) {
            push(pending.value)
        } else {
            emit(DataTable.move, alone: nil, placed, stack.cell(position))
        }
    }

    private mutating func exchange(_ placed: FunctionVerifier.Placed) {
        if stack.isPending(2), let upper = stack.last {
            stack.drop(1)
            if let lower = stack.last {
                stack.drop(1)
                stack.push(upper)
                stack.push(lower)
            }
            return
        }
        settle()
        let lower = stack.cell(stack.height - 2)
        buffer.append(
            DataTable.exchange,
            at: placed.offset,
            CodeBuffer.operands(lower, lower + 1)
        )
        stack.producer = nil
    }

    private mutating func select(_ placed: FunctionVerifier.Placed) {
        let condition = stack.pop()
        var second = stack.pop()
        var first = stack.pop()
        let position = stack.height
        let test = inCell(condition, at: position + 2, placed)
        second = inCell(second, at: position + 1, placed)
        first = inCell(first, at: position, placed)
        let operands = CodeBuffer.operands(stack.top, index(first), index(second), index(test))
        var handler = DataTable.selectS
        if case .accumulator = refreshed(test) {
            useUp()
            handler = DataTable.selectX
        }
        let word = buffer.append(handler, at: placed.offset, operands)
        stack.producer = .init(word: word, cell: stack.top, alone: nil)
        stack.push()
    }
}
