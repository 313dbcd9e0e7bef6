internal import PeerletBytecode

/// Turns verified functions into execution code and prices their blocks.
struct Translator {
    private let image: ProgramImage
    private var code = ExecutionCode()

    init(_ image: ProgramImage) {
        self.image = image
        code.table = ContiguousArray(image.table)
        for item in image.imports {
            guard let call = HostABI.call(named: item.name) else { continue }
            code.imports.append(
                ExecutionCode.Import(
                    call: call,
                    parameters: Int(item.parameterCount),
                    price: HostABI.info(call).price
                )
            )
        }
    }

    func finish() -> ExecutionCode { code }

    mutating func translate(_ function: FunctionVerifier) throws(VerificationError) {
        let body = function.body
        let locals = Int(body.parameterCount) + Int(body.localCount)
        code.functions.append(
            ExecutionCode.Function(
                entry: code.instructions.count,
                parameters: Int(body.parameterCount),
                results: Int(body.resultCount),
                locals: locals,
                cells: locals + function.maximumHeight
            )
        )
        let first = code.instructions.count
        var starts = [UInt32](repeating: 0, count: body.code.count)
        var block = Block()
        var beginsBlock = true
        for placed in function.instructions {
            let info = placed.instruction.info
            let operation = ExecutionOperation(info.opcode)
            beginsBlock = beginsBlock || function.isTarget[placed.offset] || operation.isOwnBlock
            starts[placed.offset] = UInt32(truncatingIfNeeded: code.instructions.count)
            if beginsBlock {
                close(block)
                block = Block()
                if !operation.isOwnBlock {
                    block.entry = code.instructions.count
                    append(ExecutionInstruction(.enter), at: placed.offset)
                }
            }
            block.price += info.price
            block.count += 1
            guard block.price <= BytecodeLimits.blockPrice else {
                throw function.failure(.blockPrice, placed.offset, "\(block.price) fuel so far")
            }
            append(translated(placed.instruction, operation), at: placed.offset)
            beginsBlock = info.endsBlock
        }
        close(block)
        resolveBranches(from: first, starts)
    }

    /// A block being measured.
    private struct Block {
        var entry: Int?
        var price: UInt32 = 0
        var count: UInt32 = 0
    }

    private mutating func close(_ block: Block) {
        guard let entry = block.entry else { return }
        code.instructions[entry].operand = block.count
        code.instructions[entry].immediate = Int64(block.price)
    }

    private mutating func append(_ instruction: ExecutionInstruction, at offset: Int) {
        code.instructions.append(instruction)
        code.offsets.append(UInt32(truncatingIfNeeded: offset))
    }

    /// Branches keep code offsets until `resolveBranches`.
    private mutating func translated(
        _ instruction: Instruction,
        _ operation: ExecutionOperation
    ) -> ExecutionInstruction {
        var result = ExecutionInstruction(operation)
        switch instruction.operand {
        case .none:
            if instruction.opcode == .ret {
                result.operand = UInt32(truncatingIfNeeded: code.functions.last?.results ?? 0)
            }
        case .trapCode(let trapCode): result.immediate = Int64(trapCode)
        case .constant(let value): result.immediate = value
        case .index(let index), .target(let index): result.operand = index
        case .offset(let offset): result.immediate = Int64(offset)
        case .targets(let targets, let otherwise):
            result.operand = UInt32(truncatingIfNeeded: code.branchTables.count)
            result.immediate = Int64(targets.count)
            code.branchTables.append(contentsOf: targets)
            code.branchTables.append(otherwise)
        case .signature(let parameters, let results):
            result.operand = UInt32(parameters)
            result.immediate = Int64(results)
        }
        return result
    }

    private mutating func resolveBranches(from first: Int, _ starts: [UInt32]) {
        for index in first..<code.instructions.count {
            let instruction = code.instructions[index]
            switch instruction.operation {
            case .br, .brIf, .brIfZero:
                code.instructions[index].operand = starts[Int(instruction.operand)]
            case .brTable:
                let start = Int(instruction.operand)
                for entry in start...start + Int(instruction.immediate) {
                    code.branchTables[entry] = starts[Int(code.branchTables[entry])]
                }
            default: break
            }
        }
    }
}
