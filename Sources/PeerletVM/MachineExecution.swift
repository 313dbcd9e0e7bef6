internal import PeerletBytecode

extension Machine {
    /// Runs until the entry point returns, a host call, a trap, or the fuel does not suffice.
    ///
    /// The handlers do the work; they come back at the end of a slice of the gauge and for what is
    /// too large for them.
    func execute() -> Pause {
        while true {
            guard let price = missingFuel() else {
                let slice = min(fuel, FuelGauge.largest)
                unsafe state.pointee.fuel = FuelGauge.full(slice, reserve: code.reserve)
                let pause = runSlice(slice)
                if let pause { return pause }
                continue
            }
            return .needsFuel(price)
        }
    }

    /// What is owed, or the price of the block that begins here, if the fuel at hand is less.
    private func missingFuel() -> UInt64? {
        guard payOwed() else { return owed }
        guard fuel < code.reserve else { return nil }
        let word = unsafe code.word(of: state.pointee.pc)
        let price = word == 0 ? 0 : UInt64(code.block(at: word).price)
        return fuel < price ? price : nil
    }

    /// False, and nothing taken, if the fuel at hand does not suffice.
    private func payOwed() -> Bool {
        guard fuel >= owed else { return false }
        take(owed)
        owed = 0
        return true
    }

    /// Nil: go on at the block that the state points to.
    private func runSlice(_ slice: UInt64) -> Pause? {
        while true {
            unsafe Interpreter.run(state, code)
            switch unsafe state.pointee.reason {
            case .mark:
                mark()
            case .call, .callIndirect:
                let isIndirect = unsafe state.pointee.reason == .callIndirect
                guard let fault = makeRoom(isIndirect: isIndirect) else { continue }
                return end(fault, slice)
            case .boundary, .next:
                settle(slice)
                return boundary()
            case .finished:
                settle(slice)
                return owed > 0 ? nil : finish()
            case .host:
                settle(slice)
                return callHost()
            case .grow:
                settle(slice)
                return grow()
            case .copy:
                settle(slice)
                return copy()
            case .fill:
                settle(slice)
                return fill()
            case .explicitTrap:
                let code = unsafe UInt8(truncatingIfNeeded: state.pointee.pc.index(8))
                return end(.explicit(code: code), slice)
            case .divisionByZero: return end(.divisionByZero, slice)
            case .integerOverflow: return end(.integerOverflow, slice)
            case .memoryOutOfBounds: return end(.memoryOutOfBounds, slice)
            case .undefinedElement: return end(.undefinedElement, slice)
            case .signatureMismatch: return end(.signatureMismatch, slice)
            }
        }
    }

    /// Before the store at `pc`: a first write is owed when its block ends.
    private func mark() {
        let undoPages = memory.undoPages
        unsafe memory.mark(bytes: Int(state.pointee.address), state.pointee.width)
        let count = memory.undoPages - undoPages
        guard count > 0 else { return }
        if owed == 0 { unsafe state.pointee.fuel &-= FuelGauge.recall }
        owe(firstWrites: count)
    }

    /// Takes what the gauge says was used.
    private func settle(_ slice: UInt64) {
        var gauge = unsafe state.pointee.fuel
        if owed > 0 { gauge &+= FuelGauge.recall }
        take(slice &- FuelGauge.fuel(gauge, reserve: code.reserve))
        instructionsExecuted &+= FuelGauge.instructions(gauge)
    }

    private func take(_ amount: UInt64) {
        fuel &-= amount
        spend(amount)
    }

    // MARK: Boundaries

    private func boundary() -> Pause? {
        let word = unsafe code.word(of: state.pointee.pc)
        if word == 0 { return owed > 0 ? nil : finish() }
        enterFunction(at: word)
        return nil
    }

    /// A machine that stops before a function's first block has cleared its locals.
    private func enterFunction(at word: Int) {
        let function = code.functions[code.function(at: word)]
        guard word == function.entry, word != function.body else { return }
        let clear = unsafe state.pointee.cells + function.parameters
        unsafe clear.update(repeating: 0, count: function.locals - function.parameters)
        unsafe state.pointee.pc = code.address(of: function.body)
    }

    private func finish() -> Pause {
        status = .finished
        shareStack(frames: 0)
        return .finished
    }

    // MARK: Traps

    /// Bills the block up to the trapping instruction, and what is owed.
    private func end(_ kind: TrapKind, _ slice: UInt64) -> Pause {
        settle(slice)
        let word = unsafe code.word(of: state.pointee.pc)
        let function = code.function(at: word)
        let body = program.image.functions[function].code
        let last = Int(code.offset(at: word))
        var decoder = InstructionDecoder(body, from: Int(code.block(at: word).offset))
        let prices = MemoryPrices(maximumPages: program.image.memory.maximumPages)
        var price: UInt64 = 0
        while decoder.offset <= last, let instruction = try? decoder.next() {
            price += UInt64(instruction.opcode.traits.price)
            price += UInt64(prices.surcharge(instruction.opcode))
            instructionsExecuted &+= 1
        }
        take(price)
        lastTrap = Trap(kind: kind, backtrace: backtrace(isInside: true))
        status = .trapping
        return endTrap()
    }

    /// The end of an activation that trapped, once it can pay what it owes.
    func endTrap() -> Pause {
        guard payOwed() else { return .needsFuel(owed) }
        status = .trapped
        return .trapped
    }

    /// A trap in a bulk operation, which is paid.
    private func trapBulk() -> Pause {
        fail(.memoryOutOfBounds, backtrace(isInside: true))
        return .trapped
    }

    // MARK: Calls

    /// Grows the stacks for the call at `pc`, to be done again; a fault if they may not grow.
    private func makeRoom(isIndirect: Bool) -> TrapKind? {
        let frames = depth
        guard stack.reserveCalls(frames + 1) else { return .callDepth }
        shareStack(frames: frames)
        let pc = unsafe state.pointee.pc
        let base = unsafe state.pointee.cells - stack.cells
        var need = unsafe pc.index(10)
        if isIndirect {
            let element = unsafe Int(truncatingIfNeeded: state.pointee.cells[pc.index(8)])
            unsafe need += code.table[element].cells
        }
        guard stack.reserveCells(base + need) else { return .stackOverflow }
        unsafe state.pointee.cells = stack.cells + base
        shareStack(frames: frames)
        return nil
    }

    private func callHost() -> Pause? {
        let pc = unsafe state.pointee.pc
        let item = unsafe code.imports[pc.index(8)]
        var price = item.price.base
        if let index = item.price.sizeParameter {
            let arguments = unsafe state.pointee.cells + pc.index(10)
            price = unsafe item.price.fuel(size: arguments[index])
        }
        guard fuel >= price else { return .needsFuel(price) }
        take(price)
        instructionsExecuted &+= 1
        status = .awaitingHost
        return .host(item.call)
    }

    // MARK: Bulk operations

    /// Operands of the bulk operation at `pc`, and where its result goes.
    private var operands: Cells { unsafe state.pointee.cells + state.pointee.pc.index(10) }

    /// Pays for a bulk operation; a stop if the fuel does not suffice.
    private func pay(_ price: UInt64, firstWrites: Int = 0) -> Pause? {
        let price = price &+ UInt64(firstWrites) &* MemoryPrices.firstWrite
        guard fuel >= price else { return .needsFuel(price) }
        take(price)
        instructionsExecuted &+= 1
        return nil
    }

    private func goOn() -> Pause? {
        unsafe state.pointee.pc += 16
        return nil
    }

    private func grow() -> Pause? {
        let operands = unsafe operands
        let pages = unsafe operands[0]
        let isAllowed = memory.allows(growth: pages)
        let size = isAllowed ? pages &* UInt64(BytecodeLimits.pageSize) : 0
        if let stop = pay(BulkPrices.grow.fuel(bytes: size)) { return stop }
        if !isAllowed { noteRefusal(of: pages) }
        let old = isAllowed ? memory.grow(Int(truncatingIfNeeded: pages)) : nil
        unsafe operands[0] = UInt64(bitPattern: Int64(old ?? -1))
        shareMemory()
        return goOn()
    }

    private func copy() -> Pause? {
        let operands = unsafe operands
        let (target, source, count) = unsafe (operands[0], operands[1], operands[2])
        let isInside =
            memory.contains(target, count: count) && memory.contains(source, count: count)
        let firstWrites = isInside ? memory.unwrittenPages(target, count: count) : 0
        if let stop = pay(BulkPrices.copy.fuel(bytes: count), firstWrites: firstWrites) {
            return stop
        }
        return memory.copy(to: target, from: source, count: count) ? goOn() : trapBulk()
    }

    private func fill() -> Pause? {
        let operands = unsafe operands
        let (target, byte, count) = unsafe (operands[0], operands[1], operands[2])
        let isInside = memory.contains(target, count: count)
        let firstWrites = isInside ? memory.unwrittenPages(target, count: count) : 0
        if let stop = pay(BulkPrices.fill.fuel(bytes: count), firstWrites: firstWrites) {
            return stop
        }
        let value = UInt8(truncatingIfNeeded: byte)
        return memory.fill(target, with: value, count: count) ? goOn() : trapBulk()
    }

    private func noteRefusal(of pages: UInt64) {
        guard refusedPages == nil else { return }
        let (sum, overflow) = pages.addingReportingOverflow(UInt64(memory.pages))
        refusedPages = overflow ? .max : sum
    }

    // MARK: What handlers see

    /// After the stacks were made, moved or emptied.
    func shareStack(frames: Int) {
        unsafe state.pointee.calls = stack.calls + frames
        unsafe state.pointee.callsEnd = stack.calls + stack.callCount
        unsafe state.pointee.cellsEnd = stack.cells + stack.cellCount
    }

    /// After the memory was made, moved or grown.
    func shareMemory() {
        let size = memory.byteCount
        unsafe state.pointee.bytes = memory.bytes
        unsafe state.pointee.marks = memory.marks
        unsafe state.pointee.pages = UInt64(memory.pages)
        unsafe state.pointee.end1 = size
        unsafe state.pointee.end2 = size == 0 ? 0 : size &- 1
        unsafe state.pointee.end4 = size == 0 ? 0 : size &- 3
        unsafe state.pointee.end8 = size == 0 ? 0 : size &- 7
    }
}

private enum BulkPrices {
    static let grow = OpcodeTable.info(.memoryGrow)
    static let copy = OpcodeTable.info(.memoryCopy)
    static let fill = OpcodeTable.info(.memoryFill)
}
