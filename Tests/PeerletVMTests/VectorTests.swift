import Foundation
import PeerletBytecode
import PeerletVM
import Testing
import Wire

/// The golden vectors of `Spec/vectors/isa`; `Scripts/vectors.sh` makes them anew by the reference.
@Suite(.serialized) struct VectorTests {
    static let arithmetic = Opcode.allCases.filter { ReferenceArithmetic.evaluate($0, 1, 1) != nil }
    static let edges: [Int64] = [
        0, 1, -1, 2, 31, 32, 33, 63, 64, 65, 0x7F, 0x80, 0xFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 1 << 32, .max, .min, .min + 1, -0x8000_0000, 0x0123_4567_89AB_CDEF,
    ]
    static let published: [Int64] = [
        0, 1, -1, 33, 0x80, 0x8000_0000, 0x7FFF_FFFF, 1 << 32, .max, .min, 0x0123_4567_89AB_CDEF,
    ]

    /// A machine that evaluates one instruction again and again.
    struct Evaluator {
        let machine: Machine
        let entry: EntryPoint
        let isUnary: Bool

        init(_ opcode: Opcode) throws {
            isUnary = OpcodeTable.info(opcode).pops == 1
            let image = ProgramImage.main(parameters: 2, results: 1) {
                $0.add(.localGet, .index(0))
                if OpcodeTable.info(opcode).pops == 2 { $0.add(.localGet, .index(1)) }
                $0.add(opcode)
                $0.add(.ret)
            }
            let program = try Verifier.verify(image)
            machine = try Machine(program: program, limits: MachineLimits(memoryPages: 0))
            entry = try #require(program.entryPoint(named: "main"))
        }

        func callAsFunction(_ a: Int64, _ b: Int64) throws -> ReferenceArithmetic.Result? {
            defer { machine.undoActivation() }
            try machine.start(entry, arguments: [a, b])
            machine.addFuel(1000)
            switch machine.run() {
            case .finished(let results): return .value(results[0])
            case .trapped(let trap): return .trap(trap.kind)
            default: return nil
            }
        }
    }

    static func hex(_ value: Int64) -> String { String(UInt64(bitPattern: value), radix: 16) }

    static func line(
        _ opcode: Opcode,
        _ operands: [Int64],
        _ result: ReferenceArithmetic.Result?
    ) -> String {
        let right =
            switch result {
            case .value(let value): hex(value)
            case .trap(let kind): kind.name
            case nil: "?"
            }
        let left = [OpcodeTable.info(opcode).mnemonic] + operands.map(hex)
        return left.joined(separator: " ") + " = " + right
    }

    @Test(arguments: arithmetic)
    func `an instruction gives the reference's result on every pair of edge operands`(
        _ opcode: Opcode
    ) throws {
        let evaluate = try Evaluator(opcode)
        var wrong: [String] = []
        for a in Self.edges {
            for b in evaluate.isUnary ? [0] : Self.edges {
                let expected = ReferenceArithmetic.evaluate(opcode, a, b)
                if try evaluate(a, b) != expected { wrong.append("\(a) \(b)") }
            }
        }
        #expect(wrong.isEmpty)
    }

    /// The text of a file of vectors, which has to be what the sources make.
    static func published(_ name: String, _ lines: [String]) throws -> String {
        let file = RepositoryFile(path: "Spec/vectors/isa/" + name)
        let made = lines.joined(separator: "\n") + "\n"
        if RepositoryFile.isRewriting { try file.write(made) }
        let text = try file.read()
        let isMade = text == made
        #expect(isMade, "\(name) is not what the sources make; Scripts/vectors.sh makes it anew")
        return text
    }

    @Test func `the arithmetic vectors hold`() throws {
        var lines = ["# mnemonic a [b] = result or trap; hexadecimal (Spec/isa/execution.md)"]
        for opcode in Self.arithmetic {
            let isUnary = OpcodeTable.info(opcode).pops == 1
            for a in Self.published {
                for b in isUnary ? [0] : Self.published {
                    let result = ReferenceArithmetic.evaluate(opcode, a, b)
                    lines.append(Self.line(opcode, isUnary ? [a] : [a, b], result))
                }
            }
        }
        let text = try Self.published("arithmetic.txt", lines)
        var evaluators: [Opcode: Evaluator] = [:]
        var count = 0
        var wrong: [String] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.prefix { $0 != "=" }.split(separator: " ")
            let opcode = try #require(OpcodeTable.opcode(mnemonic: String(words[0])))
            let operands = words.dropFirst().map {
                Int64(bitPattern: UInt64($0, radix: 16) ?? 0)
            }
            let evaluate = try evaluators[opcode] ?? Evaluator(opcode)
            evaluators[opcode] = evaluate
            let result = try evaluate(operands[0], operands.count > 1 ? operands[1] : 0)
            let found = Self.line(opcode, operands, result)
            if found != line { wrong.append(found) }
            count += 1
        }
        #expect(wrong.isEmpty)
        #expect(Set(evaluators.keys) == Set(Self.arithmetic))
        #expect(count > 5000)
    }

    // MARK: Programs

    static func programs() -> [(String, ProgramImage, [Int64], UInt64)] {
        var list: [(String, ProgramImage, [Int64], UInt64)] = [
            ("fibonacci", fibonacci(), [15], 100_000),
            (
                "division",
                .main {
                    $0.const(.min)
                    $0.const(-1)
                    $0.add(.divS)
                    $0.add(.drop)
                    $0.add(.ret)
                }, [], 100
            ),
            (
                "loop",
                .main {
                    let start = $0.label()
                    $0.mark(start)
                    $0.add(.nop)
                    $0.branch(.br, start)
                }, [], 99
            ),
            (
                "recursion",
                .main {
                    $0.add(.call, .index(0))
                    $0.add(.ret)
                }, [], 100_000
            ),
            ("fill", FuelTests.fill(100), [], 1000),
            ("first-writes", MemoryPriceTests.firstWrites, [0], 3000),
            ("first-writes-trap", MemoryPriceTests.firstWrites, [1], 3000),
            ("first-writes-unpaid", MemoryPriceTests.firstWrites, [1], 530),
            ("loads-of-513-pages", MemoryPriceTests.loads(513), [], 3000),
        ]
        for seed in UInt64(9000)..<9040 {
            let image = ProgramGenerator.program(seed: seed)
            list.append(("generated-\(seed)", image, [3, -7], 3000))
        }
        return list
    }

    static func fibonacci() -> ProgramImage {
        .main(parameters: 1, results: 1) {
            let recurse = $0.label()
            $0.add(.localGet, .index(0))
            $0.const(2)
            $0.add(.ltS)
            $0.branch(.brIfZero, recurse)
            $0.add(.localGet, .index(0))
            $0.add(.ret)
            $0.mark(recurse)
            for step in Int64(1)...2 {
                $0.add(.localGet, .index(0))
                $0.const(step)
                $0.add(.sub)
                $0.add(.call, .index(0))
            }
            $0.add(.add)
            $0.add(.ret)
        }
    }

    static func digest(_ memory: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in memory { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return String(hash, radix: 16)
    }

    static func describe(
        _ end: ReferenceInterpreter.Outcome,
        _ state: MachineState,
        spent: UInt64,
        executed: UInt64
    ) -> String {
        let what =
            switch end {
            case .finished(let results):
                (["finished"] + results.map(hex)).joined(separator: " ")
            case .needsFuel(let price): "needs \(price)"
            case .trapped(let kind, let frames):
                "\(kind.name) at "
                    + frames.map { "\($0.function):\($0.offset)" }.joined(separator: " ")
            case .host(let call): "host \(call)"
            }
        let globals = state.globals.map(hex).joined(separator: " ")
        return "\(what); spent \(spent); executed \(executed); globals [\(globals)]; "
            + "memory \(state.memory.count) \(digest(state.memory))"
    }

    static let vectorLimits = MachineLimits(memoryPages: 8, stackCells: 400, callDepth: 32)

    @Test func `the program vectors hold, and again in the reference interpreter`() throws {
        var lines = [
            "# name | image | arguments | fuel | end; limits: 8 pages, 400 cells, 32 frames;",
            "# host calls answer -20; memory: bytes and FNV-1a 64 (Spec/isa/execution.md)",
        ]
        for (name, image, arguments, fuel) in Self.programs() {
            let end = try Self.reference(image, arguments, fuel)
            let bytes = image.wireBytes.map { String(format: "%02x", $0) }.joined()
            let words = arguments.map(Self.hex).joined(separator: " ")
            lines.append([name, bytes, words, "\(fuel)", end].joined(separator: " | "))
        }
        let text = try Self.published("programs.txt", lines)
        var count = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.components(separatedBy: " | ")
            let digits = Array(fields[1].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
                UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
            }
            let image = try ProgramImage(wireBytes: bytes, "image")
            let arguments = fields[2].split(separator: " ").map {
                Int64(bitPattern: UInt64($0, radix: 16) ?? 0)
            }
            let fuel = try #require(UInt64(fields[3]))
            let machine = try image.machine(arguments, limits: Self.vectorLimits, fuel: fuel)
            var exit = machine.run()
            while case .host = exit {
                machine.answerHostCall(-20)
                exit = machine.run()
            }
            let end = Self.describe(
                DifferentialTests.outcome(exit),
                machine.captureState(),
                spent: machine.fuelSpent,
                executed: machine.instructionsExecuted
            )
            #expect(end == fields[4], "\(fields[0])")
            #expect(try Self.reference(image, arguments, fuel) == fields[4], "\(fields[0])")
            count += 1
        }
        #expect(count == Self.programs().count)
    }

    static func reference(
        _ image: ProgramImage,
        _ arguments: [Int64],
        _ fuel: UInt64
    ) throws -> String {
        let program = try Verifier.verify(image)
        var reference = ReferenceInterpreter(
            program,
            limits: vectorLimits,
            entry: try #require(program.entryPoint(named: "main")),
            arguments: arguments
        )
        reference.fuel = fuel
        var end = reference.run()
        while case .host = end {
            reference.answer(-20)
            end = reference.run()
        }
        return describe(
            end,
            reference.state,
            spent: reference.spent,
            executed: reference.executed
        )
    }
}
