internal import PeerletBytecode

// Branches, calls, and the instructions that `Machine.execute` does.
extension FunctionTranslator {
    mutating func control(_ placed: FunctionVerifier.Placed) {
        switch (placed.instruction.opcode, placed.instruction.operand) {
        case (.br, .target(let target)): jump(to: target, placed)
        case (.brIf, .target(let target)): branch(placed, ifZero: false, to: target)
        case (.brIfZero, .target(let target)): branch(placed, ifZero: true, to: target)
        case (.brTable, .targets(let targets, let otherwise)):
            jump(by: targets + [otherwise], placed)
        case (.ret, _): leave(placed)
        case (.call, .index(let callee)): call(Int(callee), placed)
        case (.callIndirect, .signature(let parameters, let results)):
            callIndirect(Int(parameters), Int(results), placed)
        case (.host, .index(let item)):
            let parameters = Int(function.image.imports[Int(item)].parameterCount)
            exit(ExitTable.host, Int(item), taking: parameters, giving: 1, placed)
        case (.memoryGrow, _): exit(ExitTable.memoryGrow, 0, taking: 1, giving: 1, placed)
        case (.memoryCopy, _): exit(ExitTable.memoryCopy, 0, taking: 3, giving: 0, placed)
        case (.memoryFill, _): exit(ExitTable.memoryFill, 0, taking: 3, giving: 0, placed)
        case (_, .trapCode(let code)):
            buffer.append(ExitTable.trap, at: placed.offset, CodeBuffer.operands(Int(code)))
        default: break
        }
    }

    private mutating func jump(to target: UInt32, _ placed: FunctionVerifier.Placed) {
        settle()
        if let (word, test) = test(at: target) {
            return jump(to: target, at: word, test, placed)
        }
        stack.producer = nil
        let word = buffer.append(
            ControlTable.branch,
            at: placed.offset,
            CodeBuffer.operands(0, 0, number: charge)
        )
        note(branch: word, field: 8, to: target)
    }

    /// A jump to a block that only branches does its work.
    private mutating func jump(
        to target: UInt32,
        at block: Int,
        _ test: Test,
        _ placed: FunctionVerifier.Placed
    ) {
        let (handler, addend) = step(of: test)
        let word = buffer.append(
            handler,
            at: placed.offset,
            test.operands,
            UInt64(charge + test.charge) << 32
        )
        buffer.append(UInt64(charge) << 32)
        buffer.append(UInt64(addend) << 32)
        note(branch: word, field: 16, to: test.target)
        note(branch: word, field: 24, to: target)
        buffer.setDistance(of: word, field: 32, to: block + RegisterCode.branchLength)
    }

    /// The handler for a jump to a test, which does the last instruction too if that adds to the
    /// cell that is tested; and what is added.
    private mutating func step(of test: Test) -> (Operation, UInt32) {
        let handlers = test.handlers
        defer { stack.producer = nil }
        if let producer = stack.producer, producer.cell == test.cell, test.cell < stack.locals {
            switch producer.pattern {
            case .add(test.cell, let constant):
                guard let step = Int32(exactly: constant) else { break }
                buffer.removeLast()
                let handler = test.isImmediate ? handlers.countJumpI : handlers.countJumpS
                return (handler, UInt32(bitPattern: step))
            case .sum(test.cell, let other), .sum(let other, test.cell):
                guard other < stack.locals else { break }
                buffer.removeLast()
                let handler = test.isImmediate ? handlers.sumJumpI : handlers.sumJumpS
                return (handler, UInt32(other))
            default: break
            }
        }
        return (test.isImmediate ? handlers.jumpI : handlers.jumpS, 0)
    }

    private mutating func jump(by targets: [UInt32], _ placed: FunctionVerifier.Placed) {
        let operand = stack.pop()
        let position = stack.height
        settle()
        let choice = refreshed(inCell(refreshed(operand), at: position, placed))
        var handler = ControlTable.tableS
        if case .accumulator = choice {
            useUp()
            handler = ControlTable.tableX
        }
        stack.producer = nil
        let word = buffer.append(
            handler,
            at: placed.offset,
            CodeBuffer.operands(index(choice), 0, number: charge),
            UInt64(targets.count - 1)
        )
        buffer.appendTable(count: targets.count / 2)
        for (number, target) in targets.enumerated() {
            note(branch: word, field: 20 + 4 * number, to: target)
        }
    }

    // MARK: Calls

    private mutating func call(_ callee: Int, _ placed: FunctionVerifier.Placed) {
        settle()
        let body = function.image.functions[callee]
        let parameters = Int(body.parameterCount)
        let base = stack.cell(stack.height - parameters)
        let word = buffer.append(
            ControlTable.call,
            at: placed.offset,
            CodeBuffer.operands(base, 0, number: charge),
            UInt64(callee)
        )
        buffer.noteCall(at: word)
        push(results: Int(body.resultCount), taking: parameters)
    }

    private mutating func callIndirect(
        _ parameters: Int,
        _ results: Int,
        _ placed: FunctionVerifier.Placed
    ) {
        let element = inCell(stack.pop(), at: stack.height, placed)
        settle()
        let base = stack.cell(stack.height - parameters)
        buffer.append(
            ControlTable.callIndirect,
            at: placed.offset,
            CodeBuffer.operands(index(element), base, number: charge),
            CodeBuffer.operands(parameters, results)
        )
        push(results: results, taking: parameters)
    }

    private mutating func leave(_ placed: FunctionVerifier.Placed) {
        let results = result.results
        switch results {
        case 0: leave(ControlTable.return0, placed)
        case 1:
            let value = inCell(stack.pop(), at: stack.height, placed)
            if case .accumulator = value {
                useUp()
                leave(ControlTable.returnX, placed)
            } else {
                leave(ControlTable.returnS, placed, index(value))
            }
        default:
            settle()
            leave(ControlTable.returnN, placed, stack.cell(0), results)
        }
    }

    private mutating func leave(
        _ handler: Operation,
        _ placed: FunctionVerifier.Placed,
        _ a: Int = 0,
        _ b: Int = 0
    ) {
        stack.producer = nil
        buffer.append(handler, at: placed.offset, CodeBuffer.operands(a, b, number: charge))
    }

    /// Operands are in their cells, from that in the second place on.
    private mutating func exit(
        _ handler: Operation,
        _ number: Int,
        taking parameters: Int,
        giving results: Int,
        _ placed: FunctionVerifier.Placed
    ) {
        settle()
        let base = stack.cell(stack.height - parameters)
        buffer.append(handler, at: placed.offset, CodeBuffer.operands(number, base))
        push(results: results, taking: parameters)
    }

    private mutating func push(results: Int, taking parameters: Int) {
        stack.producer = nil
        stack.drop(parameters)
        for _ in 0..<results { stack.push() }
    }
}
