import KBR
import PeerletRuntime
import SansIO
import Testing

@Suite struct MemoryStoreTests {
    private static let space = StoreSpace.application(ApplicationID(.number(1)))

    private static func write(_ key: [UInt8], _ counter: UInt64?, size: Int = 0) -> StoreWrite {
        StoreWrite(
            space: space,
            key: key,
            value: counter.map {
                StoredValue(
                    version: ReplicaVersion(counter: $0, writer: .zero),
                    isCache: $0 % 3 == 0,
                    bytes: [UInt8](repeating: 1, count: size)
                )
            }
        )
    }

    private static func batch(_ writes: StoreWrite...) -> StoreBatch {
        var batch = StoreBatch()
        batch.writes = writes
        return batch
    }

    @Test func `what is not synced is not seen and is lost in a crash`() throws {
        var store = MemoryStore()
        store.apply(Self.batch(Self.write([1], 1)))
        #expect(try store.value(Self.space, [1]) == nil)
        store.sync()
        let snapshot = store
        store.apply(Self.batch(Self.write([1], 2), Self.write([2], 1)))
        #expect(try store.value(Self.space, [1])?.version.counter == 1)
        store.crash()
        store.sync()
        #expect(try store.value(Self.space, [1])?.version.counter == 1)
        #expect(try store.value(Self.space, [2]) == nil)
        store.apply(Self.batch(Self.write([1], nil)))
        store.sync()
        #expect(try store.value(Self.space, [1]) == nil)
        #expect(try snapshot.value(Self.space, [1])?.version.counter == 1)
        #expect(store.spaces == [Self.space])
    }

    @Test func `spaces are apart`() throws {
        var store = MemoryStore()
        store.apply(Self.batch(Self.write([1], 1)))
        store.sync()
        #expect(try store.value(.node, [1]) == nil)
        #expect(try store.usage(.node) == StoreUsage())
        #expect(try store.rows(.node, after: [], descending: false, limit: 9).isEmpty)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it agrees with a sorted list through thousands of changes`(seed: UInt64) throws {
        var random = DeterministicRandom(seed: seed)
        var store = MemoryStore()
        var model: [[UInt8]: StoredValue] = [:]
        var added: [[UInt8]] = []
        for step in 0..<3000 {
            // Removing wins after a while, so that chunks empty again.
            let isRemoval = random.below(10) < (step < 1500 ? 2 : 8)
            var key = random.bytes(2)
            key[0] &= 0x0F
            if random.below(2) == 0 { key += [UInt8](repeating: 0, count: 31) }
            if isRemoval, !added.isEmpty {
                key = added.remove(at: Int(random.below(UInt64(added.count))))
            } else {
                added.append(key)
            }
            let write = Self.write(key, isRemoval ? nil : random.below(9), size: step % 5)
            store.apply(Self.batch(write))
            model[key] = write.value
            if step % 250 == 0 || step == 2999 {
                store.sync()
                try Self.compare(store, model, &random)
            }
        }
    }

    private static func compare(
        _ store: MemoryStore,
        _ model: [[UInt8]: StoredValue],
        _ random: inout DeterministicRandom
    ) throws {
        let keys = model.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let all = try store.rows(space, after: [], descending: false, limit: .max)
        #expect(all.map(\.key) == keys)
        #expect(all.allSatisfy { model[$0.key] == $0.value })
        let down = try store.rows(space, after: StoreKeys.end, descending: true, limit: .max)
        #expect(down.map(\.key) == keys.reversed())
        for _ in 0..<10 {
            let from = random.bytes(2)
            let after = keys.filter { from.lexicographicallyPrecedes($0) }
            let before = keys.filter { $0.lexicographicallyPrecedes(from) }
            let up = try store.rows(space, after: from, descending: false, limit: 3)
            let down = try store.rows(space, after: from, descending: true, limit: 3)
            #expect(up.map(\.key) == Array(after.prefix(3)))
            #expect(down.map(\.key) == Array(before.reversed().prefix(3)))
            let arc = RingInterval(
                after: StoreKeys.position(of: random.bytes(2)),
                through: StoreKeys.position(of: random.bytes(2))
            )
            var expected = RangeDigest()
            for (key, value) in model where arc.contains(StoreKeys.position(of: key)) {
                expected.add(RangeDigest.term(key: key, version: value.version))
            }
            #expect(try store.digest(space, in: arc) == expected)
        }
        var usage = StoreUsage()
        for (key, value) in model {
            usage.rows += 1
            if value.isCache {
                usage.cacheBytes += value.charge(key: key)
            } else {
                usage.durableBytes += value.charge(key: key)
            }
        }
        #expect(try store.usage(space) == usage)
    }

    @Test func `positions of keys of every length`() {
        #expect(StoreKeys.position(of: []) == .zero)
        #expect(StoreKeys.position(of: [0x80]) == .powerOfTwo(255))
        let key = [UInt8](1...40)
        #expect(StoreKeys.position(of: key).bytes == [UInt8](1...32))
    }
}
