import PeerletBytecode

/// Makes valid programs from a seed: every opcode, nested control flow, calls of all kinds, host
/// calls, memory traffic in and out of bounds, traps, and loops that only fuel ends.
struct ProgramGenerator {
    private var random: SeededRandom
    private var image = ProgramImage()
    private var code = CodeBuilder()
    private var function = 0
    private var locals = 0
    /// Statements and expressions the current function may still have.
    private var budget = 0
    /// Locals from here on are loop counters.
    private var counters: [Int] = []

    private static let hostCalls = [
        "time.now", "env.log", "cr.random", "kbr.local_lookup", "st.get", "kbr.self",
    ]
    private static let edges: [Int64] = [
        0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 4095, 4096, 65535, 1 << 31,
        (1 << 32) - 1, 1 << 32, .max, .min, .min + 1, -(1 << 31), 1 << 62,
    ]
    private static let binary = Opcode.allCases.filter {
        let info = OpcodeTable.info($0)
        return info.pops == 2 && info.pushes == 1 && info.operand == .none
    }
    private static let unary = Opcode.allCases.filter {
        let info = OpcodeTable.info($0)
        return info.pops == 1 && info.pushes == 1 && info.operand == .none && $0 != .memoryGrow
    }
    private static let loads = [
        Opcode.load8U, .load8S, .load16U, .load16S, .load32U, .load32S, .load64,
    ]
    private static let stores = [Opcode.store8, .store16, .store32, .store64]

    static func program(seed: UInt64) -> ProgramImage {
        var generator = ProgramGenerator(random: SeededRandom(seed))
        return generator.generate()
    }

    private init(random: SeededRandom) { self.random = random }

    private mutating func generate() -> ProgramImage {
        image.memory.initialPages = UInt32(random.below(3))
        image.memory.maximumPages = image.memory.initialPages + UInt32(random.below(4))
        image.globals = (0..<random.below(4)).map { _ in random.pick(Self.edges) }
        image.imports = Self.hostCalls.map { name in
            let count = HostABI.info(HostABI.call(named: name)!).parameters.count
            return .init(name: name, parameterCount: UInt8(count))
        }
        if image.memory.initialPages > 0 {
            image.data = [
                .init(
                    address: UInt32(random.below(4000)),
                    bytes: (0..<64).map { _ in UInt8(random.below(256)) }
                )
            ]
        }
        for index in 0..<2 + random.below(4) {
            image.functions.append(
                .init(
                    parameterCount: index == 0 ? 2 : UInt8(random.below(4)),
                    resultCount: index == 0 ? 1 : UInt8(random.below(3)),
                    localCount: UInt16(3 + random.below(4)),
                    code: []
                )
            )
        }
        image.table = (0..<random.below(5)).map { _ in
            UInt32(random.below(image.functions.count))
        }
        for index in image.functions.indices { generateFunction(index) }
        image.exports = [.init(name: "main", function: 0)]
        // Loads and stores cost more where more pages are declared.
        if random.chance(1, in: 4) { image.memory.maximumPages += random.pick([100, 300, 9000]) }
        return image
    }

    private mutating func generateFunction(_ index: Int) {
        function = index
        code = CodeBuilder()
        budget = 40
        let body = image.functions[index]
        locals = Int(body.parameterCount) + Int(body.localCount) - 2
        counters = [locals, locals + 1]
        for _ in 0..<2 + random.below(4) { statement(depth: 0) }
        leave()
        image.functions[index].code = code.build()
    }

    private mutating func leave() {
        for _ in 0..<Int(image.functions[function].resultCount) { expression(depth: 1) }
        code.add(.ret)
    }

    // MARK: Statements: the operand stack is as high after as before

    private mutating func statement(depth: Int) {
        budget -= 1
        guard budget > 0, depth < 4 else { return code.add(.nop) }
        switch random.below(18) {
        case 15, 16: countedLoop(depth: depth)
        case 17: bitTest(depth: depth)
        case 0, 1:
            expression(depth: 0)
            code.add(.localSet, .index(UInt32(random.below(locals))))
        case 2 where !image.globals.isEmpty:
            expression(depth: 0)
            code.add(.globalSet, .index(UInt32(random.below(image.globals.count))))
        case 3, 4:
            address()
            expression(depth: 1)
            code.add(random.pick(Self.stores), .offset(offset()))
        case 5: conditional(depth: depth)
        case 6, 7: loop(depth: depth)
        case 8: switchTable(depth: depth)
        case 9: bulk()
        case 10 where random.chance(1, in: 3):
            guarded { $0.code.add(.trap, .trapCode(UInt8($0.random.below(256)))) }
        case 11: guarded { $0.leave() }
        case 12: invoke(results: 0)
        case 13 where random.chance(1, in: 12): endless()
        default:
            expression(depth: 0)
            code.add(.drop)
        }
    }

    private mutating func conditional(depth: Int) {
        let otherwise = code.label()
        let end = code.label()
        expression(depth: 2)
        code.branch(random.chance(1, in: 2) ? .brIfZero : .brIf, otherwise)
        statement(depth: depth + 1)
        code.branch(.br, end)
        code.mark(otherwise)
        statement(depth: depth + 1)
        code.mark(end)
    }

    /// A counted loop, tested at its start or (entered by a jump) at its end.
    private mutating func loop(depth: Int) {
        guard let counter = counters.popLast() else { return code.add(.nop) }
        defer { counters.append(counter) }
        let local = Instruction.Operand.index(UInt32(counter))
        let body = code.label()
        let test = code.label()
        code.const(Int64(random.below(6)))
        code.add(.localSet, local)
        code.branch(.br, test)
        code.mark(body)
        statement(depth: depth + 1)
        statement(depth: depth + 1)
        code.mark(test)
        code.add(.localGet, local)
        code.add(.dup)
        code.const(1)
        code.add(.sub)
        code.add(.localSet, local)
        code.const(0)
        code.add(.gtS)
        code.branch(.brIf, body)
    }

    private mutating func endless() {
        let start = code.label()
        code.mark(start)
        expression(depth: 2)
        code.add(.localSet, .index(0 < locals ? UInt32(random.below(locals)) : 0))
        code.const(1)
        code.branch(.brIf, start)
    }

    private mutating func switchTable(depth: Int) {
        let labels = (0..<1 + random.below(4)).map { _ in code.label() }
        let end = code.label()
        expression(depth: 2)
        if random.chance(2, in: 3) {
            code.const(3)
            code.add(.and)
        }
        code.table(labels, random.chance(1, in: 2) ? end : labels[0])
        for label in labels {
            code.mark(label)
            statement(depth: depth + 1)
            if random.chance(1, in: 2) { code.branch(.br, end) } else { code.add(.nop) }
        }
        code.mark(end)
        code.add(.nop)
    }

    private mutating func guarded(_ body: (inout ProgramGenerator) -> Void) {
        let skip = code.label()
        expression(depth: 2)
        code.const(7)
        code.add(.and)
        code.branch(.brIf, skip)
        body(&self)
        code.mark(skip)
    }

    private mutating func bulk() {
        address()
        if random.chance(1, in: 2) {
            address()
            length()
            code.add(.memoryCopy)
        } else {
            expression(depth: 2)
            length()
            code.add(.memoryFill)
        }
    }

    private mutating func length() {
        code.const(random.chance(1, in: 16) ? random.pick(Self.edges) : Int64(random.below(100)))
    }

    // MARK: What translators make one operation of

    /// Tested at its start, with a jump back, or at its end; the bound is a constant or a local.
    private mutating func countedLoop(depth: Int) {
        guard let counter = counters.popLast() else { return code.add(.nop) }
        defer { counters.append(counter) }
        let local = Instruction.Operand.index(UInt32(counter))
        let (start, end) = (code.label(), code.label())
        let isTestedFirst = random.chance(1, in: 2)
        let step = random.pick([1, 1, 2, 3, 40_000] as [Int64])
        code.const(Int64(random.below(3)))
        code.add(.localSet, local)
        code.mark(start)
        if isTestedFirst {
            code.add(.localGet, local)
            bound()
            code.add(random.pick([.geS, .geU, .gtS, .gtU, .eq]))
            code.branch(.brIf, end)
        }
        statement(depth: depth + 1)
        code.add(.localGet, local)
        code.const(random.chance(1, in: 2) ? step : 0 &- step)
        code.add(random.chance(1, in: 2) ? .sub : .add)
        if isTestedFirst {
            code.add(.localSet, local)
            code.branch(.br, start)
        } else {
            code.add(.localTee, local)
            bound()
            code.add(random.pick([.ltS, .ltU, .leS, .leU, .ne, .gtS32, .ltU32]))
            code.branch(.brIf, start)
        }
        code.mark(end)
        code.add(.nop)
    }

    private mutating func bound() {
        if random.chance(1, in: 3) {
            code.add(.localGet, .index(UInt32(random.below(locals))))
        } else {
            code.const(random.chance(1, in: 8) ? random.pick(Self.edges) : Int64(random.below(6)))
        }
    }

    private mutating func bitTest(depth: Int) {
        let end = code.label()
        expression(depth: 2)
        code.const(random.pick([1, 4, 255, -2, 1 << 40]))
        code.add(.and)
        if random.chance(1, in: 2) { code.add(.eqz) }
        code.branch(random.chance(1, in: 2) ? .brIf : .brIfZero, end)
        statement(depth: depth + 1)
        code.mark(end)
        code.add(.nop)
    }

    private mutating func idiom(_ depth: Int) {
        let isSwapped = random.chance(1, in: 2)
        let local = Instruction.Operand.index(UInt32(random.below(locals)))
        func side(_ generator: inout Self) {
            if generator.random.chance(1, in: 2) {
                generator.code.add(.localGet, local)
            } else {
                generator.expression(depth: depth + 1)
            }
        }
        if isSwapped { side(&self) }
        switch random.below(5) {
        case 0, 1:
            side(&self)
            code.const(Int64(random.below(80)))
            code.add(random.pick([.shl, .shrU, .rotl, .rotr, .shrU32, .rotl32, .rotr32, .shrS]))
            if !isSwapped { side(&self) }
            code.add(.xor)
        case 2:
            side(&self)
            side(&self)
            code.add(.mul)
            if !isSwapped { side(&self) }
            code.add(.add)
        case 3:
            if !isSwapped { side(&self) }
            code.const(Int64(random.below(70)))
            code.add(.shrU)
            code.const(random.pick([1, 7, 65535, 65536, -1]))
            code.add(.and)
        default:
            if !isSwapped { side(&self) }
            let load = random.pick([Opcode.load16U, .load32U, .load32S, .load64, .load8U])
            code.const(511)
            code.add(.and)
            if random.chance(1, in: 2) {
                code.const(Int64(random.below(4)))
                code.add(.shl)
            } else {
                code.add(.localGet, local)
                code.const(random.pick([255, 255, -1]))
                code.add(.and)
                code.add(.add)
            }
            code.add(load, .offset(offset()))
        }
    }

    // MARK: Expressions: one cell more

    private mutating func expression(depth: Int) {
        budget -= 1
        guard depth < 5, budget > 0 else { return leaf() }
        switch random.below(20) {
        case 16, 17, 18, 19: idiom(depth)
        case 0, 1, 2, 3:
            expression(depth: depth + 1)
            expression(depth: depth + 1)
            code.add(random.pick(Self.binary))
        case 4, 5:
            expression(depth: depth + 1)
            code.add(random.pick(Self.unary))
        case 6:
            address()
            code.add(random.pick(Self.loads), .offset(offset()))
        case 7:
            for _ in 0..<3 { expression(depth: depth + 1) }
            code.add(.select)
        case 8:
            expression(depth: depth + 1)
            code.add(.localTee, .index(UInt32(random.below(locals))))
        case 9: shuffle(depth)
        case 10: conditionalExpression(depth)
        case 11: invoke(results: 1)
        case 12: host()
        case 13 where random.chance(1, in: 3):
            code.const(random.chance(1, in: 6) ? random.pick(Self.edges) : Int64(random.below(3)))
            code.add(.memoryGrow)
        default: leaf()
        }
    }

    private mutating func leaf() {
        switch random.below(8) {
        case 0, 1: code.add(.localGet, .index(UInt32(random.below(locals))))
        case 2 where !image.globals.isEmpty:
            code.add(.globalGet, .index(UInt32(random.below(image.globals.count))))
        case 3: code.add(.memorySize)
        case 4: code.const(Int64(bitPattern: random.next()))
        default: code.const(random.pick(Self.edges))
        }
    }

    private mutating func shuffle(_ depth: Int) {
        expression(depth: depth + 1)
        expression(depth: depth + 1)
        switch random.below(4) {
        case 0 where random.chance(1, in: 3):
            // The one quotient that does not fit.
            code.add(.drop)
            code.const(random.pick([.min, 1 << 31]))
            code.const(-1)
            code.add(random.pick([.divS, .divS32, .remS, .remS32]))
            code.add(.or)
        case 0, 1:
            code.add(.swap)
            code.add(.sub)
        case 2:
            code.add(.over)
            code.add(.xor)
            code.add(.add)
        default:
            code.add(.dup)
            code.add(.mul)
            code.add(.add)
        }
    }

    /// Branches that meet with the operand stack not empty.
    private mutating func conditionalExpression(_ depth: Int) {
        let otherwise = code.label()
        let end = code.label()
        expression(depth: depth + 1)
        code.branch(.brIfZero, otherwise)
        expression(depth: depth + 1)
        code.branch(.br, end)
        code.mark(otherwise)
        expression(depth: depth + 1)
        code.mark(end)
    }

    private mutating func address() {
        if random.chance(1, in: 24) { return code.const(random.pick(Self.edges)) }
        if random.chance(1, in: 2) { return code.const(Int64(random.below(4090))) }
        expression(depth: 3)
        code.const(4095)
        code.add(.and)
    }

    private mutating func offset() -> UInt32 {
        random.chance(1, in: 24) ? random.pick([4096, 65536, .max]) : UInt32(random.below(40))
    }

    /// Calls some function and leaves exactly so many cells.
    private mutating func invoke(results: Int) {
        let isIndirect = random.chance(1, in: 3) && !image.table.isEmpty
        // Mostly forward, so that most programs end; sometimes back, for deep recursion.
        let forward = function + 1 < image.functions.count && random.chance(9, in: 10)
        let low = forward ? function + 1 : 0
        let element = random.below(max(1, image.table.count))
        let callee =
            isIndirect
            ? Int(image.table[element]) : low + random.below(image.functions.count - low)
        let body = image.functions[callee]
        for _ in 0..<body.parameterCount { leaf() }
        if isIndirect {
            code.const(random.chance(1, in: 20) ? random.pick(Self.edges) : Int64(element))
            let odd = random.chance(1, in: 20)
            code.add(
                .callIndirect,
                .signature(
                    parameters: body.parameterCount,
                    results: odd ? body.resultCount + 1 : body.resultCount
                )
            )
            if odd { code.add(.drop) }
        } else {
            code.add(.call, .index(UInt32(callee)))
        }
        var left = Int(body.resultCount)
        while left > results {
            code.add(left > 1 ? .xor : .drop)
            left -= 1
        }
        while left < results {
            leaf()
            left += 1
        }
    }

    private mutating func host() {
        let item = random.below(image.imports.count)
        let info = HostABI.info(HostABI.call(named: image.imports[item].name)!)
        for index in info.parameters.indices {
            if index == info.price.sizeParameter { length() } else { leaf() }
        }
        code.add(.host, .index(UInt32(item)))
    }
}
