internal import PeerletBytecode

// The code of a function.
extension ImageGenerator {
    /// Straight pieces, joined by branches among them; all begin with the same height.
    private struct Pieces {
        var all: [[Instruction]] = []
        var targets: Set<Int> = []
        /// Reached by branches only.
        var cut: Set<Int> = []
    }

    mutating func code(of index: Int, in image: ProgramImage) -> [UInt8] {
        let function = image.functions[index]
        let count = 1 + next(14)
        // Values that lie on the stack at every label; none, where dead code may be.
        let base = rarely(4) ? 1 + next(3) : 0
        var pieces = Pieces()
        for piece in 0..<count {
            var instructions: [Instruction] = []
            if piece == 0 { instructions += constants(base) }
            var height = base
            for _ in 0..<next(30) { append(to: &instructions, &height, base, function, image) }
            while height > base {
                instructions.append(Instruction(.drop))
                height -= 1
            }
            if piece == count - 1 {
                close(&instructions, base, function)
            } else {
                end(piece, of: count, base, &instructions, &pieces, function)
            }
            pieces.all.append(instructions)
        }
        for piece in pieces.cut.subtracting(pieces.targets).sorted() {
            // Somebody branches there, often only code behind it.
            let from = rarely(3) ? next(count) : piece + next(count - piece)
            let branch = [Instruction(.const, .constant(1)), .init(.brIf, .target(UInt32(piece)))]
            pieces.all[from].insert(contentsOf: branch, at: 0)
        }
        return link(pieces.all, isLongest: rarely(3))
    }

    private mutating func constants(_ count: Int) -> [Instruction] {
        (0..<count).map { _ in Instruction(.const, .constant(Int64(bitPattern: number()))) }
    }

    /// The function's end.
    private mutating func close(
        _ instructions: inout [Instruction],
        _ base: Int,
        _ function: ProgramImage.FunctionBody
    ) {
        switch next(4) {
        case 0: instructions.append(Instruction(.trap, .trapCode(UInt8(next(256)))))
        case 1 where base == 0: instructions.append(Instruction(.br, .target(0)))
        case 2 where base == 0:
            instructions += constants(1)
            instructions.append(Instruction(.brTable, .targets([], default: 0)))
        default:
            instructions += Array(repeating: Instruction(.drop), count: base)
            instructions += constants(Int(function.resultCount))
            instructions.append(Instruction(.ret))
        }
    }

    private mutating func end(
        _ piece: Int,
        of count: Int,
        _ base: Int,
        _ instructions: inout [Instruction],
        _ pieces: inout Pieces,
        _ function: ProgramImage.FunctionBody
    ) {
        // The first piece begins with nothing on the stack.
        let target = base > 0 ? 1 + next(count - 1) : next(count)
        let following = UInt32(piece + 1)
        switch next(7) {
        case 0, 1:
            instructions += constants(1)
            let opcode = rarely(2) ? Opcode.brIf : .brIfZero
            instructions.append(Instruction(opcode, .target(UInt32(target))))
            pieces.targets.insert(target)
        case 2:
            instructions += constants(1)
            let many = rarely(40) ? BytecodeLimits.branchTargets - 1 : next(4)
            let list = [UInt32](repeating: UInt32(target), count: many) + [following]
            instructions.append(.init(.brTable, .targets(list, default: UInt32(target))))
            pieces.targets.formUnion([target, piece + 1])
        case 3:
            instructions += constants(1)
            instructions.append(.init(.brIf, .target(following)))
            instructions.append(.init(.br, .target(UInt32(target))))
            pieces.targets.formUnion([target, piece + 1])
        case 4 where base == 0:
            switch next(3) {
            case 0: instructions.append(Instruction(.trap, .trapCode(UInt8(next(256)))))
            case 1: instructions.append(Instruction(.br, .target(UInt32(target))))
            default: instructions += constants(Int(function.resultCount)) + [Instruction(.ret)]
            }
            if case .target = instructions.last?.operand { pieces.targets.insert(target) }
            pieces.cut.insert(piece + 1)
        default: break
        }
    }

    private mutating func append(
        to instructions: inout [Instruction],
        _ height: inout Int,
        _ base: Int,
        _ function: ProgramImage.FunctionBody,
        _ image: ProgramImage
    ) {
        let info = OpcodeTable.rows[next(OpcodeTable.rows.count)]
        let locals = Int(function.parameterCount) + Int(function.localCount)
        var pops = info.pops
        var pushes = info.pushes
        let operand: Instruction.Operand
        switch info.operand {
        case .none where info.opcode != .ret: operand = .none
        case .constant: operand = .constant(Int64(bitPattern: number()))
        case .local where locals > 0: operand = .index(UInt32(next(locals)))
        case .global where !image.globals.isEmpty:
            operand = .index(UInt32(next(image.globals.count)))
        case .function:
            let callee = next(image.functions.count)
            pops += Int(image.functions[callee].parameterCount)
            pushes += Int(image.functions[callee].resultCount)
            operand = .index(UInt32(callee))
        case .hostImport where !image.imports.isEmpty:
            let called = next(image.imports.count)
            pops += Int(image.imports[called].parameterCount)
            operand = .index(UInt32(called))
        case .offset: operand = .offset(UInt32(truncatingIfNeeded: number()))
        case .signature:
            let parameters = rarely(10) ? BytecodeLimits.parameters : next(3)
            let results = rarely(10) ? BytecodeLimits.results : next(3)
            pops += parameters
            pushes += results
            operand = .signature(parameters: UInt8(parameters), results: UInt8(results))
        default: return
        }
        if height - base < pops { instructions += constants(pops - (height - base)) }
        height = max(height - pops, base)
        instructions.append(Instruction(info.opcode, operand))
        height += pushes
    }

    /// Piece numbers become offsets: the shortest that agree with themselves, or the longest.
    private func link(_ pieces: [[Instruction]], isLongest: Bool) -> [UInt8] {
        let first: UInt32 = isLongest ? UInt32(BytecodeLimits.functionCode) : 0
        var starts = [UInt32](repeating: first, count: pieces.count)
        while true {
            var encoder = InstructionEncoder()
            var found: [UInt32] = []
            for piece in pieces {
                found.append(UInt32(encoder.code.count))
                for instruction in piece { encoder.append(resolve(instruction, starts)) }
            }
            if found == starts { return encoder.code }
            starts = found
        }
    }

    private func resolve(_ instruction: Instruction, _ starts: [UInt32]) -> Instruction {
        switch instruction.operand {
        case .target(let piece): Instruction(instruction.opcode, .target(starts[Int(piece)]))
        case .targets(let pieces, let otherwise):
            Instruction(
                instruction.opcode,
                .targets(pieces.map { starts[Int($0)] }, default: starts[Int(otherwise)])
            )
        default: instruction
        }
    }
}
