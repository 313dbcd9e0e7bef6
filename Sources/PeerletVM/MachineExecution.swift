internal import PeerletBytecode

extension Machine {
    /// Why the interpreter loop ended; `pc` is the instruction concerned.
    enum Stop {
        case finished(results: Int)
        case needsFuel(UInt64)
        /// Index of the import called; its price is paid.
        case host(Int)
        case trapped(TrapKind)
    }

    /// The interpreter: one switch over the execution code (`Spec/isa/execution.md`).
    ///
    /// Indices (`pc`, `sp`, `base`) are the verifier's word; guest values are only ever cells.
    func execute() -> Stop {
        let code = program.code.instructions
        var cells = stack.cells
        var pc = self.pc
        var sp = self.sp
        var base = frames.last?.base ?? 0
        var fuel = self.fuel
        var executed = instructionsExecuted
        defer {
            self.pc = pc
            self.sp = sp
            self.fuel = fuel
            instructionsExecuted = executed
        }
        while true {
            let instruction = code[pc]
            switch instruction.operation {
            // MARK: Control
            case .enter:
                let price = UInt64(truncatingIfNeeded: instruction.immediate)
                guard fuel >= price else { return .needsFuel(price) }
                fuel &-= price
                executed &+= UInt64(instruction.operand)
            case .trap:
                return .trapped(
                    .explicit(code: UInt8(truncatingIfNeeded: instruction.immediate))
                )
            case .nop: break
            case .br:
                pc = Int(instruction.operand)
                continue
            case .brIf:
                sp &-= 1
                if cells[sp] != 0 {
                    pc = Int(instruction.operand)
                    continue
                }
            case .brIfZero:
                sp &-= 1
                if cells[sp] == 0 {
                    pc = Int(instruction.operand)
                    continue
                }
            case .brTable:
                sp &-= 1
                let last = UInt64(truncatingIfNeeded: instruction.immediate)
                let chosen = min(UInt64(bitPattern: cells[sp]), last)
                pc = Int(program.code.branchTables[Int(instruction.operand) &+ Int(chosen)])
                continue
            case .ret:
                let results = Int(instruction.operand)
                for index in 0..<results {
                    cells[base &+ index] = cells[sp &- results &+ index]
                }
                if frames.count == 1 {
                    return .finished(results: results)
                }
                let frame = frames.removeLast()
                sp = frame.base &+ results
                pc = frame.returnIndex
                base = frames[frames.count - 1].base
                continue
            case .call:
                let callee = Int(instruction.operand)
                if let fault = enter(callee, from: pc, &sp) { return .trapped(fault) }
                cells = stack.cells
                base = frames[frames.count - 1].base
                pc = program.code.functions[callee].entry
                continue
            case .callIndirect:
                let element = UInt64(bitPattern: cells[sp &- 1])
                guard element < UInt64(program.code.table.count) else {
                    return .trapped(.undefinedElement)
                }
                let callee = Int(program.code.table[Int(element)])
                let function = program.code.functions[callee]
                guard function.parameters == Int(instruction.operand),
                    function.results == Int(instruction.immediate)
                else { return .trapped(.signatureMismatch) }
                sp &-= 1
                if let fault = enter(callee, from: pc, &sp) { return .trapped(fault) }
                cells = stack.cells
                base = frames[frames.count - 1].base
                pc = function.entry
                continue
            case .host:
                let item = program.code.imports[Int(instruction.operand)]
                var size: UInt64 = 0
                if let index = item.price.sizeParameter {
                    size = UInt64(bitPattern: cells[sp &- item.parameters &+ index])
                }
                let price = item.price.fuel(size: size)
                guard fuel >= price else { return .needsFuel(price) }
                fuel &-= price
                executed &+= 1
                return .host(Int(instruction.operand))

            // MARK: Stack, locals, globals
            case .drop: sp &-= 1
            case .dup:
                cells[sp] = cells[sp &- 1]
                sp &+= 1
            case .swap:
                let top = cells[sp &- 1]
                cells[sp &- 1] = cells[sp &- 2]
                cells[sp &- 2] = top
            case .over:
                cells[sp] = cells[sp &- 2]
                sp &+= 1
            case .select:
                sp &-= 2
                if cells[sp &+ 1] == 0 { cells[sp &- 1] = cells[sp] }
            case .const:
                cells[sp] = instruction.immediate
                sp &+= 1
            case .localGet:
                cells[sp] = cells[base &+ Int(instruction.operand)]
                sp &+= 1
            case .localSet:
                sp &-= 1
                cells[base &+ Int(instruction.operand)] = cells[sp]
            case .localTee: cells[base &+ Int(instruction.operand)] = cells[sp &- 1]
            case .globalGet:
                cells[sp] = globals[Int(instruction.operand)]
                sp &+= 1
            case .globalSet:
                sp &-= 1
                globals[Int(instruction.operand)] = cells[sp]

            // MARK: 64-bit arithmetic
            case .add: cells.binary(&sp) { $0 &+ $1 }
            case .sub: cells.binary(&sp) { $0 &- $1 }
            case .mul: cells.binary(&sp) { $0 &* $1 }
            case .divS:
                if let fault = cells.divide(&sp, { Arithmetic.quotient($0, $1) }) {
                    return .trapped(fault)
                }
            case .divU:
                if let fault = cells.divide(
                    &sp,
                    {
                        Arithmetic.quotient(UInt64(bitPattern: $0), UInt64(bitPattern: $1)).map {
                            Int64(bitPattern: $0)
                        }
                    }
                ) {
                    return .trapped(fault)
                }
            case .remS:
                if let fault = cells.divide(&sp, { Arithmetic.remainder($0, $1) }) {
                    return .trapped(fault)
                }
            case .remU:
                if let fault = cells.divide(
                    &sp,
                    {
                        Arithmetic.remainder(UInt64(bitPattern: $0), UInt64(bitPattern: $1)).map {
                            Int64(bitPattern: $0)
                        }
                    }
                ) {
                    return .trapped(fault)
                }
            case .and: cells.binary(&sp) { $0 & $1 }
            case .or: cells.binary(&sp) { $0 | $1 }
            case .xor: cells.binary(&sp) { $0 ^ $1 }
            case .shl: cells.binary(&sp) { $0 &<< $1 }
            case .shrS: cells.binary(&sp) { $0 &>> $1 }
            case .shrU: cells.unsigned(&sp) { $0 &>> $1 }
            case .rotl: cells.unsigned(&sp) { Arithmetic.rotatedLeft($0, $1) }
            case .rotr: cells.unsigned(&sp) { Arithmetic.rotatedLeft($0, 0 &- $1) }
            case .clz: cells.unary(sp) { Int64($0.leadingZeroBitCount) }
            case .ctz: cells.unary(sp) { Int64($0.trailingZeroBitCount) }
            case .popcnt: cells.unary(sp) { Int64($0.nonzeroBitCount) }
            case .extend8: cells.unary(sp) { Int64(Int8(truncatingIfNeeded: $0)) }
            case .extend16: cells.unary(sp) { Int64(Int16(truncatingIfNeeded: $0)) }
            case .extend32: cells.unary(sp) { Int64(Int32(truncatingIfNeeded: $0)) }
            case .wrap32: cells.unary(sp) { Int64(Arithmetic.lowUnsigned($0)) }
            case .eqz: cells.unary(sp) { $0 == 0 ? 1 : 0 }
            case .eq: cells.test(&sp) { $0 == $1 }
            case .ne: cells.test(&sp) { $0 != $1 }
            case .ltS: cells.test(&sp) { $0 < $1 }
            case .ltU: cells.test(&sp) { UInt64(bitPattern: $0) < UInt64(bitPattern: $1) }
            case .gtS: cells.test(&sp) { $0 > $1 }
            case .gtU: cells.test(&sp) { UInt64(bitPattern: $0) > UInt64(bitPattern: $1) }
            case .leS: cells.test(&sp) { $0 <= $1 }
            case .leU: cells.test(&sp) { UInt64(bitPattern: $0) <= UInt64(bitPattern: $1) }
            case .geS: cells.test(&sp) { $0 >= $1 }
            case .geU: cells.test(&sp) { UInt64(bitPattern: $0) >= UInt64(bitPattern: $1) }

            // MARK: 32-bit arithmetic
            case .add32: cells.unsigned32(&sp) { $0 &+ $1 }
            case .sub32: cells.unsigned32(&sp) { $0 &- $1 }
            case .mul32: cells.unsigned32(&sp) { $0 &* $1 }
            case .divS32:
                if let fault = cells.divide32(&sp, { Arithmetic.quotient($0, $1) }) {
                    return .trapped(fault)
                }
            case .divU32:
                if let fault = cells.divide32(
                    &sp,
                    {
                        Arithmetic.quotient(UInt32(bitPattern: $0), UInt32(bitPattern: $1)).map {
                            Int32(bitPattern: $0)
                        }
                    }
                ) {
                    return .trapped(fault)
                }
            case .remS32:
                if let fault = cells.divide32(&sp, { Arithmetic.remainder($0, $1) }) {
                    return .trapped(fault)
                }
            case .remU32:
                if let fault = cells.divide32(
                    &sp,
                    {
                        Arithmetic.remainder(UInt32(bitPattern: $0), UInt32(bitPattern: $1)).map {
                            Int32(bitPattern: $0)
                        }
                    }
                ) {
                    return .trapped(fault)
                }
            case .and32: cells.unsigned32(&sp) { $0 & $1 }
            case .or32: cells.unsigned32(&sp) { $0 | $1 }
            case .xor32: cells.unsigned32(&sp) { $0 ^ $1 }
            case .shl32: cells.unsigned32(&sp) { $0 &<< $1 }
            case .shrS32:
                cells.binary(&sp) {
                    Arithmetic.extended(Arithmetic.low($0) &>> Arithmetic.low($1))
                }
            case .shrU32: cells.unsigned32(&sp) { $0 &>> $1 }
            case .rotl32: cells.unsigned32(&sp) { Arithmetic.rotatedLeft($0, $1) }
            case .rotr32: cells.unsigned32(&sp) { Arithmetic.rotatedLeft($0, 0 &- $1) }
            case .clz32: cells.unary(sp) { Int64(Arithmetic.lowUnsigned($0).leadingZeroBitCount) }
            case .ctz32: cells.unary(sp) { Int64(Arithmetic.lowUnsigned($0).trailingZeroBitCount) }
            case .popcnt32: cells.unary(sp) { Int64(Arithmetic.lowUnsigned($0).nonzeroBitCount) }
            case .eqz32: cells.unary(sp) { Arithmetic.low($0) == 0 ? 1 : 0 }
            case .eq32: cells.test(&sp) { Arithmetic.low($0) == Arithmetic.low($1) }
            case .ne32: cells.test(&sp) { Arithmetic.low($0) != Arithmetic.low($1) }
            case .ltS32: cells.test(&sp) { Arithmetic.low($0) < Arithmetic.low($1) }
            case .ltU32: cells.test(&sp) { Arithmetic.lowUnsigned($0) < Arithmetic.lowUnsigned($1) }
            case .gtS32: cells.test(&sp) { Arithmetic.low($0) > Arithmetic.low($1) }
            case .gtU32: cells.test(&sp) { Arithmetic.lowUnsigned($0) > Arithmetic.lowUnsigned($1) }
            case .leS32: cells.test(&sp) { Arithmetic.low($0) <= Arithmetic.low($1) }
            case .leU32:
                cells.test(&sp) { Arithmetic.lowUnsigned($0) <= Arithmetic.lowUnsigned($1) }
            case .geS32: cells.test(&sp) { Arithmetic.low($0) >= Arithmetic.low($1) }
            case .geU32:
                cells.test(&sp) { Arithmetic.lowUnsigned($0) >= Arithmetic.lowUnsigned($1) }

            // MARK: Memory
            case .load8U:
                guard
                    let value = memory.load(UInt8.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load8S:
                guard
                    let value = memory.load(Int8.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load16U:
                guard
                    let value = memory.load(UInt16.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load16S:
                guard
                    let value = memory.load(Int16.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load32U:
                guard
                    let value = memory.load(UInt32.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load32S:
                guard
                    let value = memory.load(Int32.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = Int64(value)
            case .load64:
                guard
                    let value = memory.load(Int64.self, cells[sp &- 1], instruction.immediate)
                else { return .trapped(.memoryOutOfBounds) }
                cells[sp &- 1] = value
            case .store8:
                let value = UInt8(truncatingIfNeeded: cells[sp &- 1])
                guard memory.store(value, cells[sp &- 2], instruction.immediate) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 2
            case .store16:
                let value = UInt16(truncatingIfNeeded: cells[sp &- 1])
                guard memory.store(value, cells[sp &- 2], instruction.immediate) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 2
            case .store32:
                let value = UInt32(truncatingIfNeeded: cells[sp &- 1])
                guard memory.store(value, cells[sp &- 2], instruction.immediate) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 2
            case .store64:
                let value = UInt64(truncatingIfNeeded: cells[sp &- 1])
                guard memory.store(value, cells[sp &- 2], instruction.immediate) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 2
            case .memorySize:
                cells[sp] = Int64(memory.pages)
                sp &+= 1
            case .memoryGrow:
                let pages = UInt64(bitPattern: cells[sp &- 1])
                let isAllowed = memory.allows(growth: pages)
                let size = isAllowed ? pages &* UInt64(BytecodeLimits.pageSize) : 0
                let price = Self.growPrice.fuel(bytes: size)
                guard fuel >= price else { return .needsFuel(price) }
                fuel &-= price
                executed &+= 1
                if !isAllowed { noteRefusal(of: pages) }
                let old = isAllowed ? memory.grow(Int(truncatingIfNeeded: pages)) : nil
                cells[sp &- 1] = old.map { Int64($0) } ?? -1
            case .memoryCopy:
                let count = UInt64(bitPattern: cells[sp &- 1])
                let price = Self.copyPrice.fuel(bytes: count)
                guard fuel >= price else { return .needsFuel(price) }
                fuel &-= price
                executed &+= 1
                let source = UInt64(bitPattern: cells[sp &- 2])
                let target = UInt64(bitPattern: cells[sp &- 3])
                guard memory.copy(to: target, from: source, count: count) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 3
            case .memoryFill:
                let count = UInt64(bitPattern: cells[sp &- 1])
                let price = Self.fillPrice.fuel(bytes: count)
                guard fuel >= price else { return .needsFuel(price) }
                fuel &-= price
                executed &+= 1
                let byte = UInt8(truncatingIfNeeded: cells[sp &- 2])
                let target = UInt64(bitPattern: cells[sp &- 3])
                guard memory.fill(target, with: byte, count: count) else {
                    return .trapped(.memoryOutOfBounds)
                }
                sp &-= 3
            }
            pc &+= 1
        }
    }

    private static let growPrice = OpcodeTable.info(.memoryGrow)
    private static let copyPrice = OpcodeTable.info(.memoryCopy)
    private static let fillPrice = OpcodeTable.info(.memoryFill)

    private func noteRefusal(of pages: UInt64) {
        guard refusedPages == nil else { return }
        let (sum, overflow) = pages.addingReportingOverflow(UInt64(memory.pages))
        refusedPages = overflow ? .max : sum
    }

    /// Pushes a frame whose first locals are the arguments on top of the caller's stack.
    private func enter(_ callee: Int, from pc: Int, _ sp: inout Int) -> TrapKind? {
        let function = program.code.functions[callee]
        guard frames.count < limits.callDepth else { return .callDepth }
        let base = sp - function.parameters
        guard stack.reserve(base + function.cells) else { return .stackOverflow }
        frames.append(Frame(function: callee, base: base, returnIndex: pc + 1))
        for index in sp..<base + function.locals { stack.cells[index] = 0 }
        sp = base + function.locals
        return nil
    }
}
