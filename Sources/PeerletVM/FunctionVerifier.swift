internal import PeerletBytecode

/// One linear pass over one function's code (`Spec/isa/validation.md` §3).
struct FunctionVerifier {
    /// An instruction and where it was found.
    struct Placed {
        let offset: Int
        let instruction: Instruction
        /// Of the operand stack before it.
        let height: Int
    }

    let image: ProgramImage
    let function: Int
    let body: ProgramImage.FunctionBody
    private(set) var instructions: [Placed] = []
    /// For each byte of the code, whether some branch goes there.
    private(set) var isTarget: [Bool]
    private(set) var maximumHeight = 0

    private var isStart: [Bool]
    /// Height before the instruction at each byte, as far as known; -1 where not.
    private var heights: [Int]
    private var height = 0
    private var isReachable = true
    /// Starts of code that only a branch can reach.
    private var afterPathEnds: [Int] = []

    init(_ image: ProgramImage, function: Int) {
        self.image = image
        self.function = function
        body = image.functions[function]
        isTarget = Array(repeating: false, count: body.code.count)
        isStart = isTarget
        heights = Array(repeating: -1, count: body.code.count)
    }

    func failure(_ rule: ValidationRule, _ offset: Int, _ detail: String) -> VerificationError {
        VerificationError(
            rule,
            function: UInt32(truncatingIfNeeded: function),
            offset: UInt32(truncatingIfNeeded: offset),
            detail
        )
    }

    mutating func verify() throws(VerificationError) {
        var decoder = InstructionDecoder(body.code)
        instructions.reserveCapacity(body.code.count / 2)
        while let (offset, decoded) = try next(&decoder) {
            try enter(offset)
            let instruction = Placed(offset: offset, instruction: decoded, height: height)
            try checkOperand(instruction)
            try applyStackEffect(instruction)
            for target in instruction.instruction.branchTargets {
                try branch(from: offset, to: Int(target))
            }
            for inner in offset + 1..<decoder.offset where heights[inner] >= 0 {
                throw failure(
                    .branchTarget,
                    inner,
                    "a branch goes into the instruction at \(offset)"
                )
            }
            isReachable = !decoded.opcode.traits.endsPath
            instructions.append(instruction)
        }
        guard !isReachable else {
            throw failure(.pathEnd, body.code.count, "the last instruction goes on")
        }
        for offset in afterPathEnds where !isTarget[offset] {
            throw failure(.deadCode, offset, "no branch goes here")
        }
    }

    private func next(
        _ decoder: inout InstructionDecoder
    ) throws(VerificationError)
        -> (offset: Int, instruction: Instruction)?
    {
        let offset = decoder.offset
        do throws(InstructionError) {
            guard let instruction = try decoder.next() else { return nil }
            return (offset, instruction)
        } catch {
            switch error {
            case .unknownOpcode(let byte, _): throw failure(.opcodeKnown, offset, "byte \(byte)")
            case .operand(let why): throw failure(.operandForm, offset, "\(why)")
            }
        }
    }

    private mutating func enter(_ offset: Int) throws(VerificationError) {
        isStart[offset] = true
        let known = heights[offset]
        if !isReachable {
            // Only branches come here. Where none has yet, the stack is empty by definition,
            // which a later branch must keep: this allows loops tested at their end.
            height = known >= 0 ? known : 0
            afterPathEnds.append(offset)
        } else if known >= 0, known != height {
            throw failure(.branchHeight, offset, "\(known) by a branch, \(height) from above")
        }
        heights[offset] = height
    }

    private func checkOperand(_ placed: Placed) throws(VerificationError) {
        let index: Int
        switch placed.instruction.operand {
        case .index(let value): index = Int(value)
        case .signature(let parameters, let results):
            guard Int(parameters) <= BytecodeLimits.parameters,
                Int(results) <= BytecodeLimits.results
            else {
                throw failure(.indirectSignature, placed.offset, "\(parameters), \(results)")
            }
            return
        default: return
        }
        let (rule, count): (ValidationRule, Int) =
            switch placed.instruction.opcode.traits.operand {
            case .local: (.localIndex, Int(body.parameterCount) + Int(body.localCount))
            case .global: (.globalIndex, image.globals.count)
            case .function: (.functionIndex, image.functions.count)
            default: (.importIndex, image.imports.count)
            }
        guard index < count else { throw failure(rule, placed.offset, "\(index) of \(count)") }
    }

    private mutating func applyStackEffect(_ placed: Placed) throws(VerificationError) {
        let traits = placed.instruction.opcode.traits
        var pops = traits.pops
        var pushes = traits.pushes
        switch (placed.instruction.opcode, placed.instruction.operand) {
        case (.ret, _):
            guard height == Int(body.resultCount) else {
                throw failure(
                    .returnHeight,
                    placed.offset,
                    "\(height) cells for \(body.resultCount) results"
                )
            }
        case (.call, .index(let callee)):
            pops += Int(image.functions[Int(callee)].parameterCount)
            pushes += Int(image.functions[Int(callee)].resultCount)
        case (.host, .index(let item)): pops += Int(image.imports[Int(item)].parameterCount)
        case (.callIndirect, .signature(let parameters, let results)):
            pops += Int(parameters)
            pushes += Int(results)
        default: break
        }
        guard height >= pops else {
            throw failure(.stackUnderflow, placed.offset, "takes \(pops) of \(height)")
        }
        height += pushes - pops
        maximumHeight = max(maximumHeight, height)
        guard height <= BytecodeLimits.stackHeight else {
            throw failure(.stackLimit, placed.offset, "\(height) cells")
        }
    }

    private mutating func branch(from offset: Int, to target: Int) throws(VerificationError) {
        guard target < body.code.count, target > offset || isStart[target] else {
            throw failure(.branchTarget, offset, "no instruction begins at \(target)")
        }
        isTarget[target] = true
        if heights[target] < 0 {
            heights[target] = height
        } else if heights[target] != height {
            throw failure(
                .branchHeight,
                offset,
                "\(height) cells at this branch to \(target), \(heights[target]) before"
            )
        }
    }
}
