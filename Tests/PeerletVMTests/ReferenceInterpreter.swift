import PeerletBytecode
import PeerletVM
import Testing

/// The executable specification: slow, obvious, straight over the code bytes
/// (`Spec/isa/execution.md`).
struct ReferenceInterpreter {
    enum Outcome: Equatable {
        case finished([Int64])
        case host(HostCall)
        case needsFuel(UInt64)
        case trapped(TrapKind, [CodeLocation])
    }

    private enum Flow: Error {
        case trap(TrapKind)
        case stop(Outcome)
    }

    let image: ProgramImage
    let limits: MachineLimits
    let maximumHeights: [Int]
    private(set) var state: MachineState
    var fuel: UInt64 = 0
    private(set) var spent: UInt64 = 0
    private(set) var executed: UInt64 = 0
    /// Paid for the block being executed and not yet used up.
    private var reserve: UInt64 = 0
    private var written: Set<Int>
    private let blockStarts: [Set<Int>]
    private(set) var opcodesSeen: Set<Opcode> = []

    init(_ program: VerifiedProgram, limits: MachineLimits, state: MachineState) {
        image = program.image
        maximumHeights = program.maximumHeights
        self.limits = limits
        self.state = state
        written = Set(state.writtenPages.map(Int.init))
        blockStarts = program.image.functions.map { Self.blockStarts($0.code) }
    }

    init(
        _ program: VerifiedProgram,
        limits: MachineLimits,
        entry: EntryPoint,
        arguments: [Int64]
    ) {
        var memory = [UInt8](
            repeating: 0,
            count: Int(program.image.memory.initialPages) * 4096
        )
        for segment in program.image.data {
            for (index, byte) in segment.bytes.enumerated() {
                memory[Int(segment.address) + index] = byte
            }
        }
        let body = program.image.functions[Int(entry.function)]
        let locals = arguments + [Int64](repeating: 0, count: Int(body.localCount))
        self.init(
            program,
            limits: limits,
            state: MachineState(
                frames: [.init(function: entry.function, offset: 0, locals: locals, stack: [])],
                globals: program.image.globals,
                memory: memory
            )
        )
    }

    // MARK: Blocks

    private static func isAlone(_ opcode: Opcode) -> Bool {
        [.host, .memoryCopy, .memoryFill, .memoryGrow].contains(opcode)
    }

    private static func blockStarts(_ code: [UInt8]) -> Set<Int> {
        var starts: Set<Int> = [0]
        var decoder = InstructionDecoder(code)
        var offset = 0
        while let instruction = try! decoder.next() {
            let opcode = instruction.opcode
            let isBranch = [.br, .brIf, .brIfZero, .brTable, .ret, .trap].contains(opcode)
            let isCall = [.call, .callIndirect].contains(opcode)
            if isAlone(opcode) { starts.insert(offset) }
            if isAlone(opcode) || isBranch || isCall { starts.insert(decoder.offset) }
            for target in instruction.branchTargets { starts.insert(Int(target)) }
            offset = decoder.offset
        }
        return starts
    }

    private func blockPrice(_ function: Int, _ start: Int) -> UInt64 {
        var decoder = InstructionDecoder(image.functions[function].code, from: start)
        var price: UInt64 = 0
        repeat {
            guard let instruction = try! decoder.next() else { break }
            price += self.price(instruction)
        } while !blockStarts[function].contains(decoder.offset)
        return price
    }

    private func price(_ instruction: Instruction) -> UInt64 {
        let pages = image.memory.maximumPages
        let step = [16, 128, 512, 4096].filter { pages > $0 }.count
        let loads: Set<Opcode> = [
            .load8U, .load8S, .load16U, .load16S, .load32U, .load32S, .load64,
        ]
        let stores: Set<Opcode> = [.store8, .store16, .store32, .store64]
        let price = UInt64(instruction.info.price)
        if loads.contains(instruction.opcode) { return price + [0, 6, 16, 70, 150][step] }
        if stores.contains(instruction.opcode) { return price + [0, 2, 4, 16, 30][step] }
        return price
    }

    // MARK: Running

    mutating func run() -> Outcome {
        while true {
            do {
                try payOwed()
                if let ending = state.ending { return end(ending) }
                try step()
            } catch Flow.trap(let kind) {
                fuel += reserve
                spent -= reserve
                reserve = 0
                end(with: .trapped(kind, backtrace()))
            } catch Flow.stop(let outcome) {
                return outcome
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    /// At the end of a block: what its first writes cost.
    private mutating func payOwed() throws {
        let last = state.frames.last
        let isAtStart = last.map { blockStarts[Int($0.function)].contains(Int($0.offset)) }
        guard state.owedFuel > 0, isAtStart ?? true, !state.awaitsHost else { return }
        try pay(state.owedFuel)
        state.owedFuel = 0
    }

    private mutating func end(with ending: MachineState.Ending) {
        state.frames = []
        state.ending = ending
    }

    private func end(_ ending: MachineState.Ending) -> Outcome {
        switch ending {
        case .returned(let results): .finished(results)
        case .trapped(let kind, let frames): .trapped(kind, frames)
        }
    }

    /// Before memory is written by anything but a bulk operation.
    private mutating func write(_ range: Range<Int>) {
        state.owedFuel += 1024 * UInt64(pages(range).subtracting(written).count)
        note(written: range)
    }

    private mutating func note(written range: Range<Int>) {
        written.formUnion(pages(range))
        state.writtenPages = written.sorted().map { UInt32($0) }
    }

    private func pages(_ range: Range<Int>) -> Set<Int> {
        range.isEmpty ? [] : Set(range.lowerBound / 4096...(range.upperBound - 1) / 4096)
    }

    func hostArguments() -> [Int64] {
        let frame = state.frames[state.frames.count - 1]
        var decoder = InstructionDecoder(
            image.functions[Int(frame.function)].code,
            from: Int(frame.offset)
        )
        guard case .index(let item)? = try! decoder.next()?.operand else { return [] }
        return Array(frame.stack.suffix(Int(image.imports[Int(item)].parameterCount)))
    }

    mutating func answer(_ result: Int64) {
        let count = hostArguments().count
        let last = state.frames.count - 1
        state.frames[last].stack.removeLast(count)
        state.frames[last].stack.append(result)
        let code = image.functions[Int(state.frames[last].function)].code
        var decoder = InstructionDecoder(code, from: Int(state.frames[last].offset))
        _ = try! decoder.next()
        state.frames[last].offset = UInt32(decoder.offset)
        state.awaitsHost = false
    }

    func trapAtHost(_ kind: TrapKind) -> Outcome { .trapped(kind, backtrace()) }

    mutating func poke(_ bytes: [UInt8], at address: UInt64) -> Bool {
        guard let range = range(address, UInt64(bytes.count)) else { return false }
        write(range)
        state.memory.replaceSubrange(range, with: bytes)
        return true
    }

    private mutating func pay(_ price: UInt64) throws {
        guard fuel >= price, price != .max else { throw Flow.stop(.needsFuel(price)) }
        fuel -= price
        spent += price
    }

    private mutating func push(_ value: Int64) {
        let last = state.frames.count - 1
        state.frames[last].stack.append(value)
        let height = state.frames[last].stack.count
        if height > maximumHeights[Int(state.frames[last].function)] {
            Issue.record("the verifier promised a lower stack")
        }
    }

    private mutating func pop() -> Int64 {
        state.frames[state.frames.count - 1].stack.removeLast()
    }

    private mutating func step() throws {
        let frame = state.frames[state.frames.count - 1]
        if state.awaitsHost { throw Flow.stop(.host(try hostCall(frame).0)) }
        let function = Int(frame.function)
        var decoder = InstructionDecoder(image.functions[function].code, from: Int(frame.offset))
        guard let instruction = try decoder.next() else { return }
        let next = UInt32(decoder.offset)
        opcodesSeen.insert(instruction.opcode)
        if Self.isAlone(instruction.opcode) {
            try stepAlone(instruction, frame)
        } else {
            if blockStarts[function].contains(Int(frame.offset)) {
                let price = blockPrice(function, Int(frame.offset))
                try pay(price)
                reserve = price
            }
            reserve -= price(instruction)
            executed += 1
        }
        if instruction.opcode == .host {
            state.awaitsHost = true
            throw Flow.stop(.host(try hostCall(frame).0))
        }
        if try !transfer(instruction, frame, next) {
            try compute(instruction, frame)
            state.frames[state.frames.count - 1].offset = next
        }
    }

    // MARK: Instructions that are blocks of their own

    private func hostCall(_ frame: MachineState.Frame) throws -> (HostCall, UInt64) {
        var decoder = InstructionDecoder(
            image.functions[Int(frame.function)].code,
            from: Int(frame.offset)
        )
        guard case .index(let item)? = try decoder.next()?.operand,
            let call = HostABI.call(named: image.imports[Int(item)].name)
        else { throw Flow.stop(.needsFuel(0)) }
        let info = HostABI.info(call)
        let arguments = frame.stack.suffix(info.parameters.count)
        guard let index = info.price.sizeParameter else { return (call, info.price.base) }
        let bytes = UInt128(UInt64(bitPattern: arguments[arguments.startIndex + index]))
        let begun =
            (bytes * UInt128(info.price.unit) + UInt128(info.price.bytesPerFuel) - 1)
            / UInt128(info.price.bytesPerFuel)
        let total = UInt128(info.price.base) + begun
        // More than 64 bits of bytes or fuel: no purse is so large.
        let isTooMuch =
            bytes * UInt128(info.price.unit) > UInt128(UInt64.max)
            || total > UInt128(UInt64.max)
        return (call, isTooMuch ? .max : UInt64(total))
    }

    private mutating func stepAlone(
        _ instruction: Instruction,
        _ frame: MachineState.Frame
    ) throws {
        let size: UInt64
        switch instruction.opcode {
        case .host:
            try pay(try hostCall(frame).1)
            executed += 1
            return
        case .memoryGrow:
            let pages = UInt64(bitPattern: frame.stack[frame.stack.count - 1])
            size = canGrow(pages) ? pages * 4096 : 0
        default: size = UInt64(bitPattern: frame.stack[frame.stack.count - 1])
        }
        let base = UInt64(instruction.info.price)
        try pay(base + size / 16 + (size % 16 == 0 ? 0 : 1) + firstWrites(instruction, frame))
        executed += 1
    }

    /// What first writes of a bulk operation cost, which is paid with the rest.
    private func firstWrites(_ instruction: Instruction, _ frame: MachineState.Frame) -> UInt64 {
        guard instruction.opcode != .memoryGrow else { return 0 }
        let operands = frame.stack.suffix(3).map { UInt64(bitPattern: $0) }
        guard let target = range(operands[0], operands[2]) else { return 0 }
        let isCopy = instruction.opcode == .memoryCopy
        guard !isCopy || range(operands[1], operands[2]) != nil else { return 0 }
        return 1024 * UInt64(pages(target).subtracting(written).count)
    }

    private func canGrow(_ pages: UInt64) -> Bool {
        let quota = UInt64(min(image.memory.maximumPages, limits.memoryPages))
        return pages <= quota && UInt64(state.memory.count / 4096) + pages <= quota
    }

    // MARK: Control

    /// True if the instruction set the next offset itself.
    private mutating func transfer(
        _ instruction: Instruction,
        _ frame: MachineState.Frame,
        _ next: UInt32
    ) throws -> Bool {
        let last = state.frames.count - 1
        switch (instruction.opcode, instruction.operand) {
        case (.trap, .trapCode(let code)): throw Flow.trap(.explicit(code: code))
        case (.br, .target(let target)): state.frames[last].offset = target
        case (.brIf, .target(let target)):
            state.frames[last].offset = pop() != 0 ? target : next
        case (.brIfZero, .target(let target)):
            state.frames[last].offset = pop() == 0 ? target : next
        case (.brTable, .targets(let targets, let otherwise)):
            let index = UInt64(bitPattern: pop())
            state.frames[last].offset =
                index < UInt64(targets.count) ? targets[Int(index)] : otherwise
        case (.ret, _):
            let results = frame.stack
            state.frames.removeLast()
            guard last > 0 else {
                end(with: .returned(results))
                return true
            }
            state.frames[last - 1].stack += results
        case (.call, .index(let callee)): try call(Int(callee), returning: next)
        case (.callIndirect, .signature(let parameters, let results)):
            let element = UInt64(bitPattern: pop())
            guard element < UInt64(image.table.count) else { throw Flow.trap(.undefinedElement) }
            let callee = Int(image.table[Int(element)])
            guard image.functions[callee].parameterCount == parameters,
                image.functions[callee].resultCount == results
            else { throw Flow.trap(.signatureMismatch) }
            try call(callee, returning: next)
        default: return false
        }
        return true
    }

    private mutating func call(_ callee: Int, returning next: UInt32) throws {
        guard state.frames.count < limits.callDepth else { throw Flow.trap(.callDepth) }
        let body = image.functions[callee]
        let last = state.frames.count - 1
        let used = state.frames.reduce(0) { $0 + $1.locals.count + $1.stack.count }
        let needed = used + Int(body.localCount) + maximumHeights[callee]
        guard needed <= limits.stackCells else { throw Flow.trap(.stackOverflow) }
        let arguments = Array(state.frames[last].stack.suffix(Int(body.parameterCount)))
        state.frames[last].stack.removeLast(arguments.count)
        state.frames[last].offset = next
        state.frames.append(
            .init(
                function: UInt32(callee),
                offset: 0,
                locals: arguments + [Int64](repeating: 0, count: Int(body.localCount)),
                stack: []
            )
        )
    }

    private func backtrace() -> [CodeLocation] {
        var locations: [CodeLocation] = []
        for (depth, frame) in state.frames.reversed().prefix(Backtrace.limit).enumerated() {
            var offset = Int(frame.offset)
            if depth > 0 {
                // The call is the last instruction that begins before the return point.
                var decoder = InstructionDecoder(image.functions[Int(frame.function)].code)
                var start = 0
                while decoder.offset < Int(frame.offset) {
                    start = decoder.offset
                    _ = try! decoder.next()
                }
                offset = start
            }
            locations.append(CodeLocation(function: frame.function, offset: UInt32(offset)))
        }
        return locations
    }

    // MARK: Values

    private mutating func compute(
        _ instruction: Instruction,
        _ frame: MachineState.Frame
    ) throws {
        let last = state.frames.count - 1
        let opcode = instruction.opcode
        switch (opcode, instruction.operand) {
        case (.nop, _): break
        case (.drop, _): _ = pop()
        case (.dup, _): push(frame.stack[frame.stack.count - 1])
        case (.over, _): push(frame.stack[frame.stack.count - 2])
        case (.swap, _):
            let (b, a) = (pop(), pop())
            push(b)
            push(a)
        case (.select, _):
            let (c, b, a) = (pop(), pop(), pop())
            push(c != 0 ? a : b)
        case (.const, .constant(let value)): push(value)
        case (.localGet, .index(let index)): push(frame.locals[Int(index)])
        case (.localSet, .index(let index)): state.frames[last].locals[Int(index)] = pop()
        case (.localTee, .index(let index)):
            state.frames[last].locals[Int(index)] = frame.stack[frame.stack.count - 1]
        case (.globalGet, .index(let index)): push(state.globals[Int(index)])
        case (.globalSet, .index(let index)): state.globals[Int(index)] = pop()
        case (_, .offset(let offset)): try access(opcode, offset)
        case (.memorySize, _): push(Int64(state.memory.count / 4096))
        case (.memoryGrow, _):
            let pages = UInt64(bitPattern: pop())
            let old = Int64(state.memory.count / 4096)
            guard canGrow(pages) else { return push(-1) }
            state.memory += [UInt8](repeating: 0, count: Int(pages) * 4096)
            note(written: Int(old) * 4096..<state.memory.count)
            push(old)
        case (.memoryCopy, _), (.memoryFill, _): try bulk(opcode)
        default: try arithmetic(instruction)
        }
    }

    private mutating func arithmetic(_ instruction: Instruction) throws {
        let b = instruction.info.pops == 2 ? pop() : 0
        let a = pop()
        switch ReferenceArithmetic.evaluate(instruction.opcode, a, b) {
        case .value(let value): push(value)
        case .trap(let kind): throw Flow.trap(kind)
        case nil: Issue.record("no semantics for \(instruction)")
        }
    }

    private func range(_ address: UInt64, _ count: UInt64) -> Range<Int>? {
        let end = UInt128(address) + UInt128(count)
        guard end <= UInt128(state.memory.count) else { return nil }
        return Int(address)..<Int(end)
    }

    private mutating func access(_ opcode: Opcode, _ offset: UInt32) throws {
        let widths: [Opcode: Int] = [
            .load8U: 1, .load8S: 1, .load16U: 2, .load16S: 2, .load32U: 4, .load32S: 4,
            .load64: 8, .store8: 1, .store16: 2, .store32: 4, .store64: 8,
        ]
        let width = widths[opcode]!
        let isStore = [.store8, .store16, .store32, .store64].contains(opcode)
        let value = isStore ? pop() : 0
        let address = UInt128(UInt64(bitPattern: pop())) + UInt128(offset)
        guard address + UInt128(width) <= UInt128(state.memory.count) else {
            throw Flow.trap(.memoryOutOfBounds)
        }
        let start = Int(address)
        if isStore {
            write(start..<start + width)
            for index in 0..<width {
                state.memory[start + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
            }
            return
        }
        var result: UInt64 = 0
        for index in 0..<width { result |= UInt64(state.memory[start + index]) << (8 * index) }
        let isSigned = [.load8S, .load16S, .load32S].contains(opcode)
        if isSigned, result >> (8 * width - 1) == 1 { result |= UInt64.max << (8 * width) }
        push(Int64(bitPattern: result))
    }

    private mutating func bulk(_ opcode: Opcode) throws {
        let count = UInt64(bitPattern: pop())
        let second = pop()
        guard let target = range(UInt64(bitPattern: pop()), count) else {
            throw Flow.trap(.memoryOutOfBounds)
        }
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: second), count: target.count)
        if opcode == .memoryCopy {
            guard let source = range(UInt64(bitPattern: second), count) else {
                throw Flow.trap(.memoryOutOfBounds)
            }
            bytes = Array(state.memory[source])
        }
        note(written: target)
        state.memory.replaceSubrange(target, with: bytes)
    }
}
