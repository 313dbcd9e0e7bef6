import PeerletBytecode
import PeerletVM
import Testing
import Wire

@Suite struct ImageTests {
    @Test func `an image survives encoding and decoding`() throws {
        for seed in UInt64(1)...60 {
            let image = ProgramGenerator.program(seed: seed)
            let bytes = image.wireBytes
            let decoded = try ProgramImage(wireBytes: bytes, "image")
            #expect(decoded == image)
            #expect(decoded.wireBytes == bytes)
        }
        #expect(try ProgramImage(wireBytes: [1], "image") == ProgramImage())
    }

    @Test func `a truncated image is refused at every length`() {
        let bytes = ProgramGenerator.program(seed: 7).wireBytes
        var accepted = 0
        for length in 0..<bytes.count {
            // A cut between two sections leaves a smaller image, which is another valid one.
            guard let image = try? ProgramImage(wireBytes: Array(bytes[..<length]), "image") else {
                continue
            }
            accepted += 1
            #expect(image.wireBytes.count == length)
        }
        #expect(accepted < 8)
    }

    static let malformed: [([UInt8], String)] = [
        ([], "image version"), ([2], "image version"), ([1, 9, 0], "section id"),
        ([1, 4, 1, 0], "global count"), ([1, 4, 2, 1, 0, 4, 2, 1, 0], "section id"),
        ([1, 4, 2, 1, 0, 1, 0], "section id"), ([1, 4, 3, 1, 0, 0], "section"),
        ([1, 4, 3, 1, 0x80, 0], "global"), ([1, 6, 4, 0, 0, 0, 0], "memory"),
        ([1, 2, 3, 0xFF, 0xFF, 3], "function count"), ([1, 5, 2, 5, 0], "table size"),
        ([1, 3, 4, 1, 1, 0xFF, 0], "export name"), ([1, 4, 2, 1], "section"),
        ([1, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0xF], "section length"),
    ]

    @Test(arguments: malformed)
    func `bytes that are no canonical image are refused by the field at fault`(
        bytes: [UInt8],
        field: String
    ) {
        let error = #expect(throws: WireError.self) {
            try ProgramImage(wireBytes: bytes, "image")
        }
        #expect(error?.field == field)
    }

    @Test func `no damaged image crashes decoding, verification or the machine`() throws {
        var random = SeededRandom(42)
        var verified = 0
        for seed in UInt64(1)...150 {
            let bytes = ProgramGenerator.program(seed: seed).wireBytes
            for _ in 0..<20 {
                var damaged = bytes
                for _ in 0...random.below(3) {
                    damaged[random.below(damaged.count)] ^= 1 << UInt8(random.below(8))
                }
                guard let image = try? ProgramImage(wireBytes: damaged, "image") else { continue }
                #expect(image.wireBytes == damaged)
                guard image.memory.initialPages <= 64,
                    let program = try? Verifier.verify(image),
                    let entry = program.entryPoint(named: "main"),
                    let machine = try? Machine(
                        program: program,
                        limits: MachineLimits(memoryPages: 64)
                    )
                else { continue }
                verified += 1
                try machine.start(
                    entry,
                    arguments: Array(repeating: 1, count: entry.parameterCount)
                )
                machine.addFuel(2000)
                while case .host = machine.run() { machine.answerHostCall(-1) }
                #expect(machine.fuelSpent + machine.fuel == 2000)
            }
        }
        #expect(verified > 500)
    }

    @Test func `random bytes never crash the decoders`() {
        var random = SeededRandom(3)
        for _ in 0..<4000 {
            let bytes = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
            _ = try? ProgramImage(wireBytes: [1] + bytes, "image")
            let head: [UInt8] = [2] + Array(repeating: 0, count: 32)
            _ = try? DebugInfo(wireBytes: head + bytes, "debug info")
            var image = ProgramImage()
            image.functions = [
                .init(parameterCount: 1, resultCount: 0, localCount: 1, code: bytes)
            ]
            _ = try? Verifier.verify(image)
        }
    }

    @Test func `every instruction is decoded from what the encoder wrote`() throws {
        for row in OpcodeTable.rows {
            let operands: [Instruction.Operand] =
                switch row.operand {
                case .none: [.none]
                case .trapCode: [.trapCode(0), .trapCode(255)]
                case .constant: [.constant(.min), .constant(-1), .constant(64), .constant(.max)]
                case .local, .global, .function, .hostImport: [.index(0), .index(.max)]
                case .offset: [.offset(127), .offset(.max)]
                case .target: [.target(0), .target(.max)]
                case .targets: [.targets([], default: 1), .targets([0, 128, .max], default: 3)]
                case .signature: [.signature(parameters: 3, results: 255)]
                }
            for operand in operands {
                let instruction = Instruction(row.opcode, operand)
                let code = InstructionEncoder.encode(instruction)
                var decoder = InstructionDecoder(code)
                #expect(try decoder.next() == instruction)
                #expect(decoder.offset == code.count)
                #expect(try decoder.next() == nil)
            }
        }
    }

    @Test func `debug information survives encoding and gives source lines`() throws {
        var debug = DebugInfo()
        debug.codeDigest = (1...32).map { UInt8($0) }
        debug.files = ["a.pasm", "b.pasm"]
        debug.functions = [
            .init(
                name: "main",
                lines: [
                    .init(offset: 0, file: 0, line: 3), .init(offset: 5, file: 1, line: 9),
                ]
            ),
            .init(name: "none", lines: []),
        ]
        #expect(try DebugInfo(wireBytes: debug.wireBytes, "debug info") == debug)
        #expect(debug.location(function: 0, offset: 4)?.line == 3)
        #expect(debug.location(function: 0, offset: 5)?.file == "b.pasm")
        #expect(debug.location(function: 1, offset: 0) == nil)
        #expect(debug.location(function: 2, offset: 0) == nil)
        var bad = debug
        bad.functions[0].lines.swapAt(0, 1)
        #expect(throws: WireError.self) { try DebugInfo(wireBytes: bad.wireBytes, "debug info") }
        bad = debug
        bad.files = []
        #expect(throws: WireError.self) { try DebugInfo(wireBytes: bad.wireBytes, "debug info") }
    }
}
