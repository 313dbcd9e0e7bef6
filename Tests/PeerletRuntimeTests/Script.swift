import PeerletBytecode
import PeerletRuntime

/// A peerlet made of host calls with constant arguments, whose results it keeps in its memory.
struct Script {
    static let inbox: Int64 = 0x1000
    static let results: Int64 = 0x2000
    static let firstData: Int64 = 0x3000
    static let pages: UInt32 = 64

    var inboxCapacity: UInt32 = 0x1000
    private var code: [Upcall: [Instruction]] = [:]
    private var segments: [ProgramImage.DataSegment] = []
    private var cursor = Script.firstData
    private var slots: Int64 = 0
    private var returned: [Upcall: Int64] = [:]

    /// Puts bytes into the initial memory.
    mutating func bytes(_ bytes: [UInt8]) -> Int64 {
        segments.append(ProgramImage.DataSegment(address: UInt32(cursor), bytes: bytes))
        return room(bytes.count)
    }

    mutating func text(_ text: String) -> Int64 { bytes(Array(text.utf8)) }

    /// Room for a result of so many bytes.
    mutating func room(_ count: Int) -> Int64 {
        defer { cursor += Int64(count + 15) & ~15 }
        return cursor
    }

    mutating func add(
        _ opcode: Opcode,
        _ operand: Instruction.Operand = .none,
        in upcall: Upcall = .deliver
    ) {
        code[upcall, default: []].append(Instruction(opcode, operand))
    }

    /// Adds a call and keeps its result; the slot tells where.
    @discardableResult
    mutating func call(_ call: HostCall, _ arguments: Int64..., in upcall: Upcall = .deliver) -> Int
    {
        self.call(call, list: arguments, in: upcall)
    }

    @discardableResult
    mutating func call(_ call: HostCall, list: [Int64], in upcall: Upcall = .deliver) -> Int {
        let slot = slots
        slots += 1
        add(.const, .constant(Script.results + 8 * slot), in: upcall)
        for argument in list { add(.const, .constant(argument), in: upcall) }
        add(.host, .index(UInt32(call.rawValue)), in: upcall)
        add(.store64, .offset(0), in: upcall)
        return Int(slot)
    }

    /// Adds a call whose arguments are the numbers of the event's payload, with result slot 0.
    mutating func callWithPayload(_ call: HostCall, in upcall: Upcall) {
        add(.const, .constant(Script.results), in: upcall)
        for index in HostABI.info(call).parameters.indices {
            add(.const, .constant(Script.inbox + 448), in: upcall)
            add(.load64, .offset(UInt32(8 * index)), in: upcall)
        }
        add(.host, .index(UInt32(call.rawValue)), in: upcall)
        add(.store64, .offset(0), in: upcall)
    }

    /// Copies `count` bytes inside memory.
    mutating func copy(from source: Int64, to target: Int64, _ count: Int64) {
        for value in [target, source, count] { add(.const, .constant(value)) }
        add(.memoryCopy)
    }

    mutating func store(_ value: Int64, at address: Int64, in upcall: Upcall = .deliver) {
        add(.const, .constant(address), in: upcall)
        add(.const, .constant(value), in: upcall)
        add(.store64, .offset(0), in: upcall)
    }

    mutating func returns(_ value: Int64, from upcall: Upcall) { returned[upcall] = value }

    /// Keeps a parameter of the upcall in memory.
    mutating func keep(parameter: UInt32, at address: Int64, in upcall: Upcall) {
        add(.const, .constant(address), in: upcall)
        add(.localGet, .index(parameter), in: upcall)
        add(.store64, .offset(0), in: upcall)
    }

    /// All host calls are imported, in the order of the table.
    var image: ProgramImage {
        var image = ProgramImage()
        image.memory.initialPages = Script.pages
        image.memory.maximumPages = Script.pages + 4
        image.memory.inboxAddress = UInt32(Script.inbox)
        image.memory.inboxCapacity = inboxCapacity
        image.data = segments
        image.imports = HostABI.rows.map {
            ProgramImage.HostImport(name: $0.name, parameterCount: UInt8($0.parameters.count))
        }
        for upcall in Upcall.allCases where code[upcall] != nil || returned[upcall] != nil {
            var encoder = InstructionEncoder()
            for instruction in code[upcall] ?? [] { encoder.append(instruction) }
            // Nothing may follow a trap.
            if code[upcall]?.last?.opcode != .trap {
                encoder.append(Instruction(.const, .constant(returned[upcall] ?? 0)))
                encoder.append(Instruction(.ret))
            }
            image.exports.append(
                ProgramImage.Export(name: upcall.name, function: UInt32(image.functions.count))
            )
            image.functions.append(
                ProgramImage.FunctionBody(
                    parameterCount: UInt8(upcall.parameters.count),
                    resultCount: 1,
                    localCount: 0,
                    code: encoder.code
                )
            )
        }
        image.exports.sort { $0.name < $1.name }
        return image
    }

    /// What the bytecode of an upcall costs without its host calls, which leave their results in
    /// one page.
    func bytecodePrice(_ upcall: Upcall = .deliver) -> UInt64 {
        let body = (code[upcall] ?? []).filter { $0.opcode != .host }
        let prices = MemoryPrices(maximumPages: Self.pages + 4)
        return (body + [Instruction(.const, .constant(0)), Instruction(.ret)])
            .reduce(slots > 0 ? MemoryPrices.firstWrite : 0) {
                $0 + UInt64($1.info.price + prices.surcharge($1.opcode))
            }
    }

    /// What first writes of host calls cost: to pages without results, or the event, which is free.
    static func firstWrites(_ report: ExecutionReport) -> UInt64 {
        UInt64(report.undoPages - 2) * MemoryPrices.firstWrite
    }
}
