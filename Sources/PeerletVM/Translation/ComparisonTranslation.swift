internal import PeerletBytecode

// Comparisons, which become branches where their result only decides one.
extension FunctionTranslator {
    mutating func compare(
        _ placed: FunctionVerifier.Placed,
        _ comparison: BytecodeComparison
    ) throws(VerificationError) {
        var comparison = comparison
        let right = comparison.isTest ? OperandStack.Operand.constant(0) : stack.pop()
        let left = stack.pop()
        while let next = following, next.instruction.opcode == .eqz {
            comparison.negate()
            try take()
        }
        guard let next = following, case .target(let target) = next.instruction.operand else {
            return value(of: comparison, left, right, placed)
        }
        switch next.instruction.opcode {
        case .brIf: break
        case .brIfZero: comparison.negate()
        default: return value(of: comparison, left, right, placed)
        }
        try take()
        branch(if: comparison, left, right, to: target, next)
    }

    /// Branches if the popped cell is not zero.
    mutating func branch(_ placed: FunctionVerifier.Placed, ifZero: Bool, to target: UInt32) {
        let comparison = BytecodeComparison(ifZero ? .equal : .notEqual)
        branch(if: comparison, stack.pop(), .constant(0), to: target, placed)
    }

    /// Operands in the order and places that there are handlers for.
    private struct Arranged {
        var comparison: Comparison
        var handlers: ConditionHandlers
        var left: OperandStack.Operand
        var right: OperandStack.Operand
    }

    /// The operands were popped from the positions from `stack.height` on: two, or one if the
    /// right one is the zero of a test, which then has no cell of its own.
    private mutating func arrange(
        _ comparison: BytecodeComparison,
        _ left: OperandStack.Operand,
        _ right: OperandStack.Operand,
        _ placed: FunctionVerifier.Placed
    ) -> Arranged {
        var comparison = comparison
        var (left, right) = (refreshed(left), refreshed(right))
        var (leftPosition, rightPosition) = (stack.height, stack.height + 1)
        if case .constant = left, !right.isConstant {
            swap(&left, &right)
            swap(&leftPosition, &rightPosition)
            comparison.exchange()
        }
        left = inCell(left, at: leftPosition, placed)
        if case .constant(let value) = right {
            if let short = comparison.immediate(value), let result = comparison.comparison {
                return Arranged(
                    comparison: result,
                    handlers: comparison.handlers(result),
                    left: left,
                    right: .constant(Int64(short))
                )
            }
            right = inCell(right, at: rightPosition, placed)
            left = refreshed(left)
        }
        if comparison.comparison == nil {
            swap(&left, &right)
            comparison.exchange()
        }
        let result = comparison.comparison ?? .equal
        return Arranged(
            comparison: result,
            handlers: comparison.handlers(result),
            left: left,
            right: right
        )
    }

    private mutating func value(
        of comparison: BytecodeComparison,
        _ left: OperandStack.Operand,
        _ right: OperandStack.Operand,
        _ placed: FunctionVerifier.Placed
    ) {
        let test = arrange(comparison, left, right, placed)
        if case .constant(let value) = test.right {
            emit(test.handlers.siV, alone: nil, placed, index(test.left), immediate: value)
        } else {
            emit(test.handlers.ssV, alone: nil, placed, index(test.left), index(test.right))
        }
    }

    private mutating func branch(
        if comparison: BytecodeComparison,
        _ left: OperandStack.Operand,
        _ right: OperandStack.Operand,
        to target: UInt32,
        _ placed: FunctionVerifier.Placed
    ) {
        settle()
        let isAlone = buffer.count == blockStart
        let test = arrange(comparison, left, right, placed)
        if branch(afterLast: test, isWord: comparison.isWord, to: target, placed) { return }
        let handler: Operation
        switch (test.left, test.right) {
        case (.accumulator, .constant):
            useUp()
            handler = test.handlers.xi
        case (_, .constant): handler = test.handlers.si
        case (.accumulator(let cell), .cell(let other)) where cell != other:
            useUp()
            handler = test.handlers.xs
        case (.cell(let other), .accumulator(let cell)) where cell != other:
            useUp()
            handler = test.handlers.sx
        default: handler = test.handlers.ss
        }
        var operands = CodeBuffer.operands(index(test.left), index(test.right))
        if case .constant(let value) = test.right {
            let number = UInt32(truncatingIfNeeded: value)
            operands = CodeBuffer.operands(index(test.left), 0, number: number)
        }
        if isAlone, buffer.count == blockStart, let loop = test.handlers.loop {
            note(
                test: Test(
                    handlers: loop,
                    isImmediate: test.right.isConstant,
                    cell: index(test.left),
                    operands: operands,
                    target: target,
                    charge: charge
                )
            )
        }
        append(branch: handler, operands, to: target, placed)
    }

    private mutating func append(
        branch handler: Operation,
        _ operands: UInt64,
        to target: UInt32,
        _ placed: FunctionVerifier.Placed
    ) {
        stack.producer = nil
        let distance = UInt64(charge) << 32
        let word = buffer.append(handler, at: placed.offset, operands, distance)
        note(branch: word, field: 16, to: target)
    }

    /// A branch that does the last instruction's work too: counts, or tests bits.
    private mutating func branch(
        afterLast test: Arranged,
        isWord: Bool,
        to target: UInt32,
        _ placed: FunctionVerifier.Placed
    ) -> Bool {
        guard case .accumulator = test.left, let producer = stack.producer else { return false }
        switch (producer.pattern, test.right) {
        case (.add(let cell, let constant), _) where cell == producer.cell && cell < stack.locals:
            guard let step = Int16(exactly: constant), let loop = test.handlers.loop,
                index(test.right) != cell || test.right.isConstant
            else { return false }
            buffer.removeLast()
            var operands = CodeBuffer.operands(cell, Int(step), index(test.right))
            if case .constant(let value) = test.right {
                let number = UInt32(truncatingIfNeeded: value)
                operands = CodeBuffer.operands(cell, Int(step), number: number)
            }
            let handler = test.right.isConstant ? loop.addI : loop.addS
            append(branch: handler, operands, to: target, placed)
            return true
        case (.and(let operand, let mask), .constant(0))
        where test.comparison.isSymmetric && !isWord && producer.cell >= stack.locals:
            buffer.removeLast()
            let isZero = test.comparison == .equal
            var handler = isZero ? FusedTable.zeroS : FusedTable.someS
            if case .accumulator = operand {
                handler = isZero ? FusedTable.zeroX : FusedTable.someX
            }
            let number = UInt32(truncatingIfNeeded: mask)
            let operands = CodeBuffer.operands(index(operand), 0, number: number)
            append(branch: handler, operands, to: target, placed)
            return true
        default: return false
        }
    }
}
