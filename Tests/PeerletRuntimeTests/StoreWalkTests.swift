import Cryptography
import KBR
import PeerletBytecode
import PeerletRuntime
import SansIO
import Testing
import Wire

/// `st.next` and `st.digest` against a plain sorted list.
@Suite struct StoreWalkTests {
    private static let wall = Bench.start.wall

    /// Rows of which some are only pending, removed by a pending batch, or expired.
    private struct World {
        var durable: [StoreWrite] = []
        var pending: [StoreBatch] = []
        var final: [[UInt8]: StoredValue] = [:]

        init(seed: UInt64, space: StoreSpace) {
            var random = DeterministicRandom(seed: seed)
            func key() -> [UInt8] {
                // Few leading bytes, so that arcs have several rows; lengths around 32.
                let length = [1, 31, 32, 33, 40][Int(random.below(5))]
                var key = [UInt8](repeating: 0, count: length)
                key[0] = UInt8(random.below(8)) << 5
                if length > 1 { key[length - 1] = UInt8(random.below(3)) }
                return key
            }
            func value() -> StoredValue {
                StoredValue(
                    version: ReplicaVersion(counter: random.below(9), writer: .number(1)),
                    expires: random.below(4) == 0 ? wall : nil,
                    bytes: []
                )
            }
            for _ in 0..<40 {
                let write = StoreWrite(space: space, key: key(), value: value())
                durable.append(write)
                final[write.key] = write.value
            }
            for _ in 0..<2 {
                var batch = StoreBatch()
                for _ in 0..<8 {
                    let isRemoval = random.below(2) == 0
                    let write = StoreWrite(
                        space: space,
                        key: key(),
                        value: isRemoval ? nil : value()
                    )
                    batch.writes.append(write)
                    final[write.key] = write.value
                }
                pending.append(batch)
            }
        }

        func keys(in arc: RingInterval?) -> [[UInt8]] {
            let live = final.filter { $0.value.expires == nil }.keys
                .sorted { $0.lexicographicallyPrecedes($1) }
            guard let arc else { return live }
            let inside = live.filter { arc.contains(StoreKeys.position(of: $0)) }
            // Clockwise from the arc's start.
            let first = inside.filter { StoreKeys.position(of: $0) > arc.lower }
            let second = inside.filter { StoreKeys.position(of: $0) <= arc.lower }
            return arc.lower < arc.upper ? inside : first + second
        }
    }

    private static let arcs: [RingInterval?] = [
        nil,
        RingInterval(after: .leading(1 << 61), through: .leading(5 << 61)),
        RingInterval(after: .leading(6 << 61), through: .leading(2 << 61)),
        RingInterval(after: .leading(3 << 61), through: .leading(3 << 61)),
        RingInterval(after: .zero, through: .zero),
    ]

    @Test(arguments: 0..<5, [false, true])
    func `next visits every row of an arc once, in order`(arc: Int, isDescending: Bool) throws {
        var script = Script()
        let bounds = Self.arcs[arc]
        let low = bounds == nil ? 0 : script.bytes(bounds!.lower.bytes)
        let high = bounds == nil ? 0 : script.bytes(bounds!.upper.bytes)
        let cursor = script.room(96)
        let steps = 60
        let log = script.room(96 * steps)
        for step in 0..<steps {
            // The length of the cursor is the last call's result.
            script.add(.const, .constant(Script.results + 8 * Int64(step)))
            script.add(.const, .constant(cursor))
            if step == 0 {
                script.add(.const, .constant(0))
            } else {
                script.add(.const, .constant(Script.results + 8 * Int64(step - 1)))
                script.add(.load64, .offset(0))
            }
            for argument in [low, high, isDescending ? 1 : 0, cursor, 0] {
                script.add(.const, .constant(argument))
            }
            script.add(.host, .index(UInt32(HostCall.storeNext.rawValue)))
            script.add(.store64, .offset(0))
            script.copy(from: cursor, to: log + 96 * Int64(step), 96)
        }
        for seed in 1...6 as ClosedRange<UInt64> {
            let bench = try Bench(script)
            let world = World(seed: seed, space: bench.space)
            var batch = StoreBatch()
            batch.writes = world.durable
            bench.store.apply(batch)
            bench.store.sync()
            bench.pending = world.pending
            let report = bench.run()
            // After the end the cursor's length is an error, which is no length.
            let expected = isDescending ? world.keys(in: bounds).reversed() : world.keys(in: bounds)
            #expect(report.outcome == .completed(result: 0))
            for (step, key) in expected.enumerated() {
                #expect(bench.result(step) == Int64(key.count))
                #expect(bench.memory(log + 96 * Int64(step), key.count) == key)
            }
            #expect(bench.error(expected.count) == .notFound)
            #expect(expected.count > 2)
        }
    }

    @Test func `the cursor must lie in the arc and bounds come in pairs`() throws {
        let bench = try Bench.running { script in
            let low = script.bytes(Identifier.leading(1).bytes)
            let high = script.bytes(Identifier.leading(9).bytes)
            let outside = script.bytes(Identifier.leading(10).bytes)
            let out = script.room(96)
            script.call(.storeNext, outside, 32, low, high, 0, out, 0)
            script.call(.storeNext, low, 32, low, high, 0, out, 0)
            script.call(.storeNext, high, 32, low, high, 0, out, 0)
            script.call(.storeNext, 0, 0, low, 0, 0, out, 0)
            script.call(.storeNext, 0, 0, 0, 0, 2, out, 0)
            script.call(.storeNext, out, 97, 0, 0, 0, out, 0)
            script.call(.storeDigest, low, 0, out)
            script.call(.storeDigest, 0, high, out)
        }
        bench.run()
        #expect((0..<8).map { bench.result($0) } == [-1, -1, -3, -1, -1, -1, -1, -1])
    }

    @Test(arguments: 0..<5) func `the digest is that of the rows as the upcall sees them`(
        arc: Int
    ) throws {
        var script = Script()
        let bounds = Self.arcs[arc]
        let low = bounds == nil ? 0 : script.bytes(bounds!.lower.bytes)
        let high = bounds == nil ? 0 : script.bytes(bounds!.upper.bytes)
        let own = script.bytes(Identifier.leading(4 << 61).bytes)
        let out = script.room(40)
        script.call(.storePut, own, 32, 0, 0, 0, 0, 0)
        script.call(.storeDigest, low, high, out)
        for seed in 1...6 as ClosedRange<UInt64> {
            let bench = try Bench(script)
            var world = World(seed: seed, space: bench.space)
            var batch = StoreBatch()
            batch.writes = world.durable
            bench.store.apply(batch)
            bench.store.sync()
            bench.pending = world.pending
            let key = Identifier.leading(4 << 61).bytes
            let report = bench.run()
            world.final[key] = report.batch.writes[0].value
            var sum = Identifier.zero
            var count: Int64 = 0
            for (key, value) in world.final
            where bounds?.contains(StoreKeys.position(of: key)) ?? true {
                var writer = WireWriter()
                writer.raw(key)
                writer.u64(value.version.counter)
                writer.raw(value.version.writer.bytes)
                sum = sum &+ Identifier(bytes: SHA256.digest(writer.bytes))!
                count += 1
            }
            #expect(bench.identifier(at: out) == sum)
            #expect(bench.number(at: out + 32) == count)
        }
    }

    @Test func `rows passed over are paid for`() throws {
        var script = Script()
        let out = script.room(96)
        script.call(.storeNext, 0, 0, 0, 0, 0, out, 0)
        let bench = try Bench(script)
        var batch = StoreBatch()
        for index in 0..<50 as Range<UInt8> {
            batch.writes.append(
                StoreWrite(
                    space: bench.space,
                    key: [index],
                    value: StoredValue(expires: index < 49 ? Self.wall : nil, bytes: [])
                )
            )
        }
        bench.store.apply(batch)
        bench.store.sync()
        let report = bench.run()
        #expect(bench.result(0) == 1)
        #expect(bench.memory(out, 1) == [49])
        #expect(report.fuelSpent == script.bytecodePrice() + 1024 + 200 + 49 * 20)
    }
}
