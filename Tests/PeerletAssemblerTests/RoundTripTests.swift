internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import Testing

/// The repository's folder of peerlets.
let peerletFolder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "PeerletASM")

func assemble(peerlet path: String) throws -> AssemblyResult {
    let file = peerletFolder.appending(path: path)
    let resolver = SearchPathResolver(folders: [peerletFolder.appending(path: "lib").path()]) {
        path in
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return .missing }
        return .bytes(Array(data))
    }
    let main = SourceFile(path: file.path(), bytes: Array(try Data(contentsOf: file)))
    return Assembler.assemble(main: main, resolver: resolver)
}

/// Disassembles and assembles again.
func roundTrip(_ image: ProgramImage) throws -> ProgramImage {
    let text = try Disassembler.text(for: image)
    let result = assemble(text)
    let image = result.image
    return try #require(image, "\(render(result))")
}

@Suite struct RoundTripTests {
    /// Main files of all shipped peerlets, found so that new ones are covered.
    static let peerlets: [String] = {
        let files = FileManager.default.enumerator(atPath: peerletFolder.path())
        let all = (files?.allObjects ?? []).compactMap { $0 as? String }
        return all.filter { $0.hasSuffix(".pasm") }.sorted()
    }()

    @Test(arguments: peerlets)
    func `a shipped peerlet assembles without a word, verifies, and survives disassembly`(
        path: String
    ) throws {
        let result = try assemble(peerlet: path)
        let report = render(result)
        #expect(report.isEmpty)
        let built = result.image
        let image = try #require(built)
        _ = try Verifier.verify(image)
        #expect(try roundTrip(image) == image)
    }

    @Test func `there are peerlets to test`() {
        #expect(Self.peerlets.contains("hello/main.pasm"))
        #expect(Self.peerlets.contains("counter/main.pasm"))
    }

    @Test(arguments: StandardLibrary.names)
    func `the built-in library is that of the repository`(name: String) throws {
        let file = peerletFolder.appending(path: "lib/\(name)")
        #expect(StandardLibrary.text(of: name) == (try String(contentsOf: file, encoding: .utf8)))
    }

    @Test(arguments: 0..<100)
    func `a generated program survives disassembly`(seed: UInt64) throws {
        var generator = ProgramGenerator(seed: seed)
        let image = generator.image()
        #expect(try roundTrip(image) == image)
    }
}

/// Random programs of valid shape: every instruction, labels in both directions, odd layouts.
struct ProgramGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    private mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }

    mutating func image() -> ProgramImage {
        var image = ProgramImage()
        let count = 1 + next(4)
        let calls = HostABI.rows.shuffledPrefix(next(4), { next($0) })
        image.imports = calls.map {
            .init(name: $0.name, parameterCount: UInt8($0.parameters.count))
        }
        image.globals = (0..<next(4)).map { _ in Int64(truncatingIfNeeded: state) }
        image.table = (0..<next(5)).map { _ in UInt32(next(count)) }
        image.memory.initialPages = UInt32(1 + next(3))
        image.memory.maximumPages = image.memory.initialPages + UInt32(next(9))
        image.memory.inboxAddress = UInt32(next(1000))
        image.memory.inboxCapacity = UInt32(1 + next(100))
        if next(2) == 0 {
            image.data = [
                .init(address: UInt32(2000 + next(100)), bytes: [1, 2, UInt8(next(256))])
            ]
        }
        for index in 0..<count {
            image.functions.append(
                .init(
                    parameterCount: UInt8(next(4)),
                    resultCount: UInt8(next(3)),
                    localCount: UInt16(next(6)),
                    code: []
                )
            )
            if next(2) == 0 {
                image.exports.append(.init(name: "export \"\(index)\"\\é", function: UInt32(index)))
            }
        }
        for index in 0..<count { image.functions[index].code = code(of: index, in: image) }
        return image
    }

    /// Straight pieces, each with an empty stack at its ends, joined by branches among them.
    private mutating func code(of index: Int, in image: ProgramImage) -> [UInt8] {
        let function = image.functions[index]
        let locals = Int(function.parameterCount) + Int(function.localCount)
        var pieces: [[Instruction]] = []
        let count = 2 + next(12)
        for piece in 0..<count {
            var instructions: [Instruction] = []
            var height = 0
            for _ in 0..<next(30) {
                append(to: &instructions, height: &height, locals: locals, image)
            }
            while height > 0 {
                instructions.append(Instruction(.drop))
                height -= 1
            }
            let target = UInt32(next(count))
            switch next(5) {
            case 0:
                instructions += [Instruction(.const, .constant(1)), .init(.brIf, .target(target))]
            case 1:
                instructions += [
                    Instruction(.const, .constant(0)), .init(.brIfZero, .target(target)),
                ]
            case 2 where piece + 1 < count:
                // The next piece must be somebody's target.
                instructions += [
                    Instruction(.const, .constant(2)),
                    .init(.brTable, .targets([target, UInt32(piece + 1)], default: target)),
                ]
            case 3 where piece + 1 < count:
                instructions += [
                    Instruction(.const, .constant(7)),
                    .init(.brIf, .target(UInt32(piece + 1))), .init(.br, .target(target)),
                ]
            default: break
            }
            if piece == count - 1 {
                for _ in 0..<function.resultCount {
                    instructions.append(Instruction(.const, .constant(3)))
                }
                instructions.append(Instruction(.ret))
            }
            pieces.append(instructions)
        }
        return link(pieces)
    }

    private mutating func append(
        to instructions: inout [Instruction],
        height: inout Int,
        locals: Int,
        _ image: ProgramImage
    ) {
        let info = OpcodeTable.rows[next(OpcodeTable.rows.count)]
        var pops = info.pops
        var pushes = info.pushes
        let operand: Instruction.Operand
        switch info.operand {
        case .none where info.opcode != .ret: operand = .none
        case .constant:
            let shift = next(64)
            operand = .constant(Int64(truncatingIfNeeded: state) >> Int64(shift))
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
        case .offset: operand = .offset(UInt32(truncatingIfNeeded: state) >> UInt32(next(32)))
        case .signature:
            let parameters = next(3)
            let results = next(3)
            pops += parameters
            pushes += results
            operand = .signature(parameters: UInt8(parameters), results: UInt8(results))
        default: return
        }
        while height < pops {
            instructions.append(Instruction(.const, .constant(Int64(height) - 1)))
            height += 1
        }
        instructions.append(Instruction(info.opcode, operand))
        height += pushes - pops
    }

    /// Piece numbers become offsets.
    private func link(_ pieces: [[Instruction]]) -> [UInt8] {
        var starts = [UInt32](repeating: 0, count: pieces.count)
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

extension Array {
    fileprivate func shuffledPrefix(_ count: Int, _ random: (Int) -> Int) -> [Element] {
        var rest = self
        return (0..<count).map { _ in rest.remove(at: random(rest.count)) }
    }
}
