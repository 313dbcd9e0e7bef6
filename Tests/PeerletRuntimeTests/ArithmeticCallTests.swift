import KBR
import PeerletBytecode
import PeerletRuntime
import SansIO
import Testing

@Suite struct ArithmeticCallTests {
    /// Numbers as strings of bits, most significant first: an arithmetic of its own.
    private static func bits(_ identifier: Identifier) -> [Bool] {
        identifier.bytes.flatMap { byte in (0..<8).map { byte >> UInt8(7 - $0) & 1 == 1 } }
    }

    private static func identifier(_ bits: [Bool]) -> Identifier {
        let bytes = (0..<32).map { byte in
            (0..<8).reduce(UInt8(0)) { $0 << 1 | (bits[byte * 8 + $1] ? 1 : 0) }
        }
        return Identifier(bytes: bytes)!
    }

    private static func sample(_ random: inout DeterministicRandom) -> Identifier {
        switch random.below(5) {
        case 0: .zero
        case 1: Identifier.zero &- .number(1)
        case 2: .powerOfTwo(Int(random.below(256)))
        default: Identifier(bytes: random.bytes(32))!
        }
    }

    @Test func `identifier operations agree with bit strings`() throws {
        var random = DeterministicRandom(seed: 4)
        for _ in 0..<40 {
            let (a, b, x) = (
                Self.sample(&random), Self.sample(&random), Self.sample(&random)
            )
            let n = [0, 1, 63, 64, 65, 128, 255, 256][Int(random.below(8))]
            var script = Script()
            let (pa, pb) = (script.bytes(a.bytes), script.bytes(b.bytes))
            let outs = (0...10).map { _ in script.bytes(x.bytes) }
            for operation in 0...10 as ClosedRange<Int64> {
                let count = operation >= 8 ? Int64(n) : 0
                script.call(
                    .idOperation,
                    operation | count << 8,
                    pa,
                    operation == 8 || operation == 9 ? -1 : pb,
                    outs[Int(operation)]
                )
            }
            let bench = try Bench(script)
            #expect(bench.run().outcome == .completed(result: 0))
            let out = outs.map { bench.identifier(at: $0) }
            let (bitsA, bitsB) = (Self.bits(a), Self.bits(b))
            let zeros = [Bool](repeating: false, count: n)
            #expect(out[0] &- b == a && out[1] &+ b == a)
            #expect(bench.result(2) == (a < b ? 0 : a == b ? 1 : 2))
            #expect(out[3] &+ a == b)
            let isBetween = Ring.isBetween(a, x, b)
            #expect(bench.result(4) == (isBetween ? 1 : 0))
            #expect(bench.result(5) == (isBetween || x == b || a == b ? 1 : 0))
            let shared = zip(bitsA, bitsB).prefix { $0 == $1 }.count
            #expect(bench.result(6) == Int64(shared))
            #expect(out[7] == min(a, b))
            #expect(out[8] == Self.identifier(Array(bitsA.dropFirst(n)) + zeros))
            #expect(out[9] == Self.identifier(zeros + bitsA.prefix(256 - n)))
            #expect(out[10] == Self.identifier(Array(bitsA.prefix(n)) + bitsB.dropFirst(n)))
        }
    }

    @Test func `unknown operations and counts are refused`() throws {
        let bench = try Bench.running { script in
            let room = script.room(32)
            for operation in [11, 255, -1, 1 << 8, 257 << 8 | 8, 256 << 8 | 8] as [Int64] {
                script.call(.idOperation, operation, room, room, room)
            }
        }
        bench.run()
        #expect((0..<6).map { bench.result($0) } == [-1, -1, -1, -1, -1, 0])
    }

    @Test func `multiply and add in the field`() throws {
        func product(_ a: Int, _ b: Int) -> UInt8 {
            var wide = (0..<8).reduce(0) { b >> $1 & 1 == 1 ? $0 ^ a << $1 : $0 }
            for bit in (8..<15).reversed() where wide >> bit & 1 == 1 {
                wide ^= 0x11D << (bit - 8)
            }
            return UInt8(wide)
        }
        for factor in [0, 1, 2, 29, 142, 255] {
            var script = Script()
            let source = script.bytes((0...255).map { UInt8($0) })
            let target = script.bytes([UInt8](repeating: 0x55, count: 256))
            script.call(.gfMultiplyAdd, target, source, Int64(factor), 256)
            let bench = try Bench(script)
            bench.run()
            #expect(bench.memory(target, 256) == (0...255).map { product(factor, $0) ^ 0x55 })
        }
    }

    @Test func `overlapping ranges are read before they are written`() throws {
        var script = Script()
        let data = script.bytes([1, 2, 3, 4, 5])
        script.call(.gfMultiplyAdd, data + 1, data, 1, 4)
        script.call(.gfMultiplyAdd, data, data, 256, 1)
        script.call(.gfMultiplyAdd, data, data, -1, 1)
        let bench = try Bench(script)
        bench.run()
        #expect(bench.memory(data, 5) == [1, 3, 1, 7, 1])
        #expect((0..<3).map { bench.result($0) } == [0, -1, -1])
    }
}
