internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import Testing
internal import Wire

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

    /// `PROST_IMAGES` plays more of them.
    static let parts = 20
    static let imagesOfPart: Int = {
        let text = ProcessInfo.processInfo.environment["PROST_IMAGES"] ?? ""
        return (Int(text) ?? 2000) / parts
    }()

    @Test(arguments: 0..<parts)
    func `a generated image survives disassembly byte for byte`(part: Int) throws {
        for index in 0..<Self.imagesOfPart {
            let seed = UInt64(part * Self.imagesOfPart + index)
            var generator = ImageGenerator(seed: seed)
            let image = generator.image()
            _ = try Verifier.verify(image)
            let again = try roundTrip(image)
            guard again.wireBytes == image.wireBytes else {
                Issue.record("image \(seed) changed: \(try Disassembler.text(for: image))")
                return
            }
        }
    }

    @Test(arguments: 0..<200)
    func `generated directives survive disassembly`(seed: UInt64) throws {
        var generator = ImageGenerator(seed: seed)
        let manifest = generator.manifest()
        let result = assemble(try Disassembler.text(for: generator.image(), manifest: manifest))
        #expect(result.manifest == manifest, "\(render(result))")
    }

    @Test func `code that is longer than it has to be stays as long`() throws {
        // The target's offset takes two bytes, which is what moves it to where it takes two.
        let code =
            [Opcode.br.rawValue, 0x80, 0x01] + [UInt8](repeating: Opcode.nop.rawValue, count: 125)
            + [Opcode.const.rawValue, 0, Opcode.brIf.rawValue, 0x03, Opcode.ret.rawValue]
        var image = ProgramImage()
        image.functions = [
            .init(parameterCount: 0, resultCount: 0, localCount: 0, code: code)
        ]
        _ = try Verifier.verify(image)
        let text = try Disassembler.text(for: image)
        #expect(text.contains("L128 at 128:"))
        #expect(try roundTrip(image).wireBytes == image.wireBytes)
        // Left to itself the assembler takes the shorter form.
        let free = try self.image(
            text.replacing(" at 128:", with: ":").replacing(" at 3:", with: ":")
        )
        #expect(free.functions[0].code.count == code.count - 1)
        let wrong = assemble(text.replacing("at 128:", with: "at 130:"))
        #expect(codes(wrong).contains(.outOfRange))
    }

    private func image(_ text: String) throws -> ProgramImage {
        let result = assemble(text).image
        return try #require(result)
    }

    @Test func `the largest images fit one file of text`() throws {
        let longest = OpcodeTable.rows.filter { $0.operand == .none && !$0.endsPath }
            .max { $0.mnemonic.utf8.count < $1.mnemonic.utf8.count }
        let row = longest ?? OpcodeTable.rows[0]
        var image = ProgramImage()
        image.memory.initialPages = 256
        image.memory.maximumPages = 256
        let block =
            [UInt8](repeating: Opcode.nop.rawValue, count: 1)
            + (0..<row.pops).flatMap { _ in [Opcode.const.rawValue, 0] } + [row.opcode.rawValue]
            + [UInt8](repeating: Opcode.drop.rawValue, count: row.pushes)
        var code: [UInt8] = []
        while code.count + block.count + 5 < BytecodeLimits.functionCode {
            code += block
            if code.count % 8 < block.count {
                code += [Opcode.const.rawValue, 0, Opcode.brIf.rawValue, 0]
            }
        }
        code.append(Opcode.ret.rawValue)
        image.functions = Array(
            repeating: .init(parameterCount: 32, resultCount: 0, localCount: 0, code: code),
            count: BytecodeLimits.programCode / BytecodeLimits.functionCode
        )
        let left = BytecodeLimits.image - image.wireBytes.count - 64
        let bytes = (0..<left).map { UInt8(truncatingIfNeeded: $0 &* 7 | 1) }
        image.data = [.init(address: 0, bytes: bytes)]
        _ = try Verifier.verify(image)
        #expect(image.wireBytes.count <= BytecodeLimits.image)
        #expect(try Disassembler.text(for: image).utf8.count < AssemblyLimits.fileBytes)
        #expect(try roundTrip(image).wireBytes == image.wireBytes)
    }
}
