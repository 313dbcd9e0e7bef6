import SansIO
import Testing
import Wire

@Suite struct WireReaderTests {
    private static let edges: [UInt64] = [
        0, 1, 127, 128, 16_383, 16_384, 1 << 31, 1 << 32, 1 << 63, .max - 1, .max,
    ]

    @Test(arguments: edges) func `an unsigned integer comes back as it was written`(
        _ value: UInt64
    ) throws {
        var writer = WireWriter()
        writer.varint(value)
        var reader = WireReader(writer.bytes)
        #expect(try reader.varint("value") == value)
        #expect(reader.isAtEnd)
    }

    @Test(arguments: edges + edges.map { 0 &- $0 })
    func `a signed integer comes back as it was written`(_ bits: UInt64) throws {
        let value = Int64(bitPattern: bits)
        var writer = WireWriter()
        writer.signedVarint(value)
        var reader = WireReader(writer.bytes)
        #expect(try reader.signedVarint("value") == value)
        #expect(reader.isAtEnd)
    }

    @Test(arguments: [[0x80, 0x00], [0xFF, 0x00], [0x80, 0x80, 0x00]] as [[UInt8]])
    func `a padded integer is refused`(_ bytes: [UInt8]) {
        var reader = WireReader(bytes)
        #expect(throws: WireError.self) { try reader.varint("value") }
    }

    @Test(arguments: [[0x80, 0x00], [0xFF, 0x7F], [0xC0, 0x7F]] as [[UInt8]])
    func `a signed integer has one form`(_ bytes: [UInt8]) throws {
        var reader = WireReader(bytes)
        guard let value = try? reader.signedVarint("value") else { return }
        var writer = WireWriter()
        writer.signedVarint(value)
        #expect(writer.bytes == bytes)
    }

    @Test func `eleven bytes are no integer`() {
        var reader = WireReader([UInt8](repeating: 0xFF, count: 11))
        #expect(throws: WireError.self) { try reader.varint("value") }
        var signed = WireReader([UInt8](repeating: 0xFF, count: 11))
        #expect(throws: WireError.self) { try signed.signedVarint("value") }
    }

    @Test func `a length is checked before anything is allocated`() {
        var writer = WireWriter()
        writer.varint(.max)
        var reader = WireReader(writer.bytes)
        #expect(throws: WireError.self) { try reader.prefixedBytes("data", limit: 1 << 20) }
        var short = WireReader([5, 1, 2])
        #expect(throws: WireError.self) { try short.prefixedBytes("data", limit: 16) }
    }

    @Test func `an error says what and where`() {
        var reader = WireReader([1, 2, 3])
        _ = try? reader.u16("head")
        do {
            _ = try reader.u32("tail")
            Issue.record("read beyond the end")
        } catch {
            #expect(
                error
                    == WireError(
                        field: "tail",
                        offset: 2,
                        reason: .truncated(needed: 4, available: 1)
                    )
            )
        }
    }

    @Test func `random bytes never do harm`() {
        var random = DeterministicRandom(seed: 3)
        for _ in 0..<2000 {
            var reader = WireReader(random.bytes(Int(random.below(40))))
            _ = try? reader.varint("a", limit: 1 << 40)
            _ = try? reader.signedVarint("b")
            _ = try? reader.prefixedText("c", limit: 64)
            _ = try? reader.slice(Int(random.below(64)), "d")
            #expect(reader.remaining >= 0)
        }
    }
}

@Suite struct FrameParserTests {
    @Test func `frames come out whole however the bytes are cut`() throws {
        var random = DeterministicRandom(seed: 5)
        let frames = (0..<40).map { index in
            Frame(kind: UInt8(index), body: random.bytes(Int(random.below(300))))
        }
        var writer = WireWriter()
        for frame in frames { frame.encode(to: &writer) }
        for _ in 0..<20 {
            var parser = FrameParser()
            var rest = writer.bytes[...]
            var found: [Frame] = []
            while !rest.isEmpty {
                let piece = rest.prefix(1 + Int(random.below(97)))
                rest = rest.dropFirst(piece.count)
                parser.receive(piece)
                while let frame = try parser.next() { found.append(frame) }
            }
            #expect(found == frames)
            #expect(parser.pending == 0)
        }
    }

    @Test(arguments: [0, UInt32(1 << 20) + 2, 1 << 31, .max])
    func `a wrong length is refused as soon as its four bytes are there`(_ length: UInt32) {
        var writer = WireWriter()
        writer.u32(length)
        var parser = FrameParser()
        parser.receive(writer.bytes)
        #expect(throws: WireError.self) { try parser.next() }
    }
}
