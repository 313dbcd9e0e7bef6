import KBR
import PeerletBytecode
import PeerletRuntime
import PeerletVM
import SansIO
import Testing
import Wire

@Suite struct StoreCallTests {
    static let local = FullRing(size: 8).nodes[3].id
    static let other = FullRing(size: 8).nodes[4].id
    static let wall = Bench.start.wall.milliseconds

    /// A META block.
    static func meta(
        _ counter: UInt64,
        _ writer: Identifier = other,
        expires: UInt64 = 0,
        user: [UInt8] = [UInt8](repeating: 0, count: 16)
    ) -> [UInt8] {
        func bytes(_ value: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        return bytes(counter) + writer.bytes + bytes(expires) + user
    }

    private static func row(_ bench: Bench, _ key: String) throws -> StoredValue? {
        try bench.store.value(bench.space, Array(key.utf8))
    }

    @Test func `put and get with everything a row has`() throws {
        let user = [UInt8](1...16)
        var script = Script()
        let key = script.text("k")
        let value = script.text("value")
        let meta = script.bytes(Self.meta(0, user: user))
        let out = script.room(16)
        let metaOut = script.room(64)
        script.call(.storePut, key, 1, value, 5, 60, 1, meta)
        script.call(.storeGet, key, 1, 2, out, 2, metaOut)
        script.call(.storeGet, key, 1, 0, 0, 0, 0)
        script.call(.storeGet, key, 1, 5, out, 2, 0)
        script.call(.storeGet, key, 1, Int64.max, out, 2, 0)
        script.call(.storeGet, value, 1, 0, out, 2, 0)
        script.call(.storeGet, key, 1, -1, out, 2, 0)
        let bench = try Bench(script)
        let report = bench.commit()
        #expect((0..<7).map { bench.result($0) } == [1, 5, 5, 5, 5, -3, -1])
        #expect(bench.memory(out, 3) == Array("lu".utf8) + [0])
        var expected = Self.meta(1, Self.local, expires: Self.wall + 60_000, user: user)
        expected[51] |= 0x80
        #expect(bench.memory(metaOut, 64) == expected)
        let stored = try #require(try Self.row(bench, "k"))
        #expect(stored.bytes == Array("value".utf8))
        #expect(stored.isCache)
        #expect(stored.userBytes == user)
        #expect(report.storeGrowth == 1 + 5 + 96)
    }

    @Test func `versions count up here and are taken over elsewhere`() throws {
        let bench = try Bench.running { script in
            let key = script.text("k")
            let older = script.bytes(Self.meta(1, Self.other))
            let newer = script.bytes(Self.meta(3, .number(1)))
            let same = script.bytes(Self.meta(3, .number(1)))
            let tie = script.bytes(Self.meta(3, .number(2)))
            let none = script.bytes(Self.meta(0))
            let huge = script.bytes(Self.meta(1 << 63))
            let last = script.bytes(Self.meta(UInt64(Int64.max)))
            script.call(.storePut, key, 1, 0, 0, 0, 0, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 0, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 8, older)
            script.call(.storePut, key, 1, 0, 0, 0, 8, newer)
            script.call(.storePut, key, 1, 0, 0, 0, 8, same)
            script.call(.storePut, key, 1, 0, 0, 0, 8, tie)
            script.call(.storePut, key, 1, 0, 0, 0, 8, none)
            script.call(.storePut, key, 1, 0, 0, 0, 8, huge)
            script.call(.storePut, key, 1, 0, 0, 0, 0, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 8, last)
            script.call(.storePut, key, 1, 0, 0, 0, 0, 0)
        }
        bench.commit()
        let results = (0..<11).map { bench.result($0) }
        #expect(results == [1, 2, -14, 3, -14, 3, -1, -1, 4, Int64.max, -7])
        let version = try Self.row(bench, "k")?.version
        #expect(version == ReplicaVersion(counter: UInt64(Int64.max), writer: Self.other))
    }

    @Test func `conditions are judged against the row as it is`() throws {
        let bench = try Bench.running { script in
            let key = script.text("k")
            let absent = script.bytes(Self.meta(0, .zero))
            let first = script.bytes(Self.meta(1, Self.local))
            script.call(.storePut, key, 1, 0, 0, 0, 4, first)
            script.call(.storePut, key, 1, 0, 0, 0, 4, absent)
            script.call(.storePut, key, 1, 0, 0, 0, 4, absent)
            script.call(.storePut, key, 1, 0, 0, 0, 4, first)
            script.call(.storePut, key, 1, 0, 0, 0, 2, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 4, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 8, 0)
            script.call(.storePut, key, 1, 0, 0, 0, 12, first)
            script.call(.storePut, key, 1, 0, 0, 0, 16, first)
            script.call(.storePut, key, 1, 0, 0, -1, 0, 0)
            script.call(.storePut, key, 1, 0, 0, -2, 0, first)
            script.call(.storePut, key, 1, 0, 65_537, 0, 0, 0)
            script.call(.storePut, key, 0, 0, 0, 0, 0, 0)
            script.call(.storePut, key, 97, 0, 0, 0, 0, 0)
        }
        bench.commit()
        let expected: [Int64] = [-14, 1, -14, 2, -4, -1, -1, -1, -1, -1, -1, -7, -1, -1]
        #expect((0..<14).map { bench.result($0) } == expected)
    }

    @Test func `a row that has expired is absent but its version counts`() throws {
        var script = Script()
        let key = script.text("k")
        let out = script.room(96)
        script.call(.storePut, key, 1, 0, 0, 10, 0, 0)
        script.call(.storeGet, key, 1, 0, 0, 0, 0, in: .client)
        script.call(.storeDelete, key, 1, in: .client)
        script.call(.storeSetMeta, key, 1, 0, out, in: .client)
        script.call(.storeNext, 0, 0, 0, 0, 0, out, 0, in: .client)
        script.call(.storePut, key, 1, 0, 0, 0, 2, 0, in: .client)
        let bench = try Bench(script)
        bench.commit()
        bench.now.wall.milliseconds += 9_999
        bench.run(UpcallEvent(.client))
        #expect(bench.result(1) == 0)
        bench.now.wall.milliseconds += 1
        let report = bench.run(UpcallEvent(.client))
        #expect((1..<6).map { bench.result($0) } == [-3, -3, -3, -3, 2])
        #expect(report.storeGrowth == 0)
    }

    @Test func `removing and changing attributes`() throws {
        let user = [UInt8](repeating: 9, count: 16)
        let bench = try Bench.running { script in
            let key = script.text("k")
            let meta = script.bytes(Self.meta(0, expires: Self.wall + 5, user: user))
            script.call(.storeSetMeta, key, 1, 0, meta)
            script.call(.storePut, key, 1, key, 1, 0, 0, 0)
            script.call(.storeSetMeta, key, 1, -1, meta)
            script.call(.storeDelete, key, 1, in: .client)
            script.call(.storeDelete, key, 1, in: .client)
            script.call(.storePut, key, 1, key, 1, 0, 0, 0, in: .client)
        }
        bench.commit()
        #expect((0..<3).map { bench.result($0) } == [-3, 1, 2])
        let row = try #require(try Self.row(bench, "k"))
        #expect(row.expires == WallTime(milliseconds: Self.wall + 5))
        #expect(row.userBytes == [9, 9, 9, 9] + user.dropFirst(4))
        let report = bench.commit(UpcallEvent(.client))
        #expect((3..<6).map { bench.result($0) } == [0, -3, 1])
        #expect(report.batch.writes.count == 1)
        #expect(report.storeGrowth == 0)
    }

    @Test func `growth is charged to the byte`() throws {
        let bench = try Bench.running { script in
            let key = script.text("kk")
            let data = script.bytes([UInt8](repeating: 1, count: 500))
            script.call(.storePut, key, 1, data, 103, 0, 0, 0)
            script.call(.storePut, key, 2, data, 202, 0, 0, 0)
            script.call(.storePut, key, 2, data, 203, 0, 0, 0)
            script.call(.storePut, key, 1, data, 3, 0, 0, 0)
            script.call(.storePut, key, 2, data, 302, 0, 0, 0)
            script.call(.storePut, key, 2, data, 303, 0, 0, 0)
            script.call(.storeDelete, key, 1)
        }
        bench.limits.storeBytes = 500
        let report = bench.commit()
        #expect((0..<7).map { bench.result($0) } == [1, 1, -5, 2, 2, -5, 0])
        #expect(report.storeGrowth == 400)
        #expect(report.limitsReached == [LimitReached(.storeBytes, used: 501, maximum: 500)])
        #expect(try bench.store.usage(bench.space).durableBytes == 400)
    }

    @Test func `an overfull store may shrink but not grow`() throws {
        let bench = try Bench.running { script in
            let key = script.text("k")
            script.call(.storePut, key, 1, 0, 2, 0, 0, 0)
            script.call(.storePut, key, 1, 0, 1, 0, 0, 0, in: .client)
            script.call(.storePut, key, 1, 0, 2, 0, 0, 0, in: .client)
            script.call(.storePut, key, 1, 0, 3, 0, 0, 0, in: .client)
        }
        bench.commit()
        bench.limits.storeBytes = 0
        bench.run(UpcallEvent(.client))
        #expect((1..<4).map { bench.result($0) } == [2, 3, -5])
    }

    @Test func `writes are counted`() throws {
        let bench = try Bench.running { script in
            let key = script.text("k")
            for _ in 0..<3 { script.call(.storePut, key, 1, 0, 0, 0, 0, 0) }
            script.call(.storeDelete, key, 1)
        }
        bench.limits.storeWrites = 2
        let report = bench.run()
        #expect((0..<4).map { bench.result($0) } == [1, 2, -5, -5])
        #expect(report.batch.writes.count == 1)
    }

    @Test func `keys of consistent stores have a ring position`() throws {
        let bench = try Bench.running { script in
            let key = script.room(96)
            script.call(.storePut, key, 31, 0, 0, 0, 0, 0)
            script.call(.storePut, key, 32, 0, 0, 0, 0, 0)
            script.call(.storeGet, key, 31, 0, 0, 0, 0)
        }
        bench.configured = [range(isServing: true)]
        bench.run()
        #expect((0..<3).map { bench.result($0) } == [-1, 1, -1])
    }

    /// The whole circle, of this node alone.
    private func range(isServing: Bool) -> ConfiguredRange {
        let node = NodeHandle(id: .zero, endpoint: .unknown)
        return ConfiguredRange(
            arc: RingInterval(after: .zero, through: .zero),
            epoch: 1,
            members: [node],
            isServing: isServing
        )
    }

    @Test func `a consistent store changes only where the node is in the key's configuration`()
        throws
    {
        let bench = try Bench.running { script in
            let key = script.room(96)
            script.call(.storePut, key, 32, 0, 0, 0, 0, 0)
            script.call(.storeDelete, key, 32)
        }
        bench.configured = []
        #expect(bench.run().batch.writes.isEmpty)
        #expect((0..<2).map { bench.result($0) } == [-11, -3])
        bench.configured = [range(isServing: false)]
        #expect(bench.run().batch.writes.isEmpty)
        #expect(bench.result(0) == -11)
    }

    @Test func `an upcall reads through batches that are not durable`() throws {
        var script = Script()
        let key = script.text("abc")
        let out = script.room(96)
        let info = script.room(40)
        script.call(.storeGet, key, 1, 0, out, 8, 0)
        script.call(.storeGet, key + 1, 1, 0, out, 8, 0)
        script.call(.storePut, key, 1, key, 3, 0, 0, 0)
        script.call(.storeGet, key, 1, 0, out, 8, 0)
        script.call(.storeInfo, info)
        let bench = try Bench(script)
        func batch(_ writes: (String, String?)...) -> StoreBatch {
            var batch = StoreBatch()
            batch.writes = writes.map { key, value in
                StoreWrite(
                    space: bench.space,
                    key: Array(key.utf8),
                    value: value.map {
                        StoredValue(
                            version: ReplicaVersion(counter: 6, writer: .zero),
                            bytes: Array($0.utf8)
                        )
                    }
                )
            }
            return batch
        }
        bench.store.apply(batch(("a", "old"), ("b", "x"), ("c", "y")))
        bench.store.sync()
        bench.pending = [batch(("a", "older"), ("b", "z")), batch(("a", "newest"), ("b", nil))]
        let report = bench.run()
        #expect((0..<5).map { bench.result($0) } == [6, -3, 7, 3, 0])
        // a: from the pending 6 bytes to 3.
        #expect(report.storeGrowth == -3)
        #expect(bench.number(at: info) == (1 << 20) + 3)
        #expect(bench.number(at: info + 8) == 2 * 97 + 3 + 1)
        #expect(bench.number(at: info + 16) == 0)
        #expect(bench.number(at: info + 24) == 2)
        #expect(bench.number(at: info + 32) == 255)
    }

    struct BrokenReader: StoreReader {
        static let error = StoreError("the disk is gone")

        func value(_ space: StoreSpace, _ key: [UInt8]) throws(StoreError) -> StoredValue? {
            throw Self.error
        }

        func rows(
            _ space: StoreSpace,
            after key: [UInt8],
            descending: Bool,
            limit: Int
        ) throws(StoreError) -> [StoreRow] { throw Self.error }

        func digest(_ space: StoreSpace, in arc: RingInterval) throws(StoreError) -> RangeDigest {
            throw Self.error
        }

        func usage(_ space: StoreSpace) throws(StoreError) -> StoreUsage { throw Self.error }
    }

    @Test(arguments: [
        HostCall.storeGet, .storePut, .storeDelete, .storeNext, .storeDigest, .storeInfo,
    ])
    func `a store that cannot be read is never an absent row`(call: HostCall) throws {
        let bench = try Bench.running { script in
            let room = script.room(96)
            script.store(5, at: room)
            let arguments: [Int64] =
                switch call {
                case .storeGet: [room, 1, 0, 0, 0, 0]
                case .storePut: [room, 1, 0, 0, 0, 0, 0]
                case .storeDelete: [room, 1]
                case .storeNext: [0, 0, 0, 0, 0, room, 0]
                case .storeDigest: [0, 0, room]
                default: [room]
                }
            script.call(call, list: arguments)
        }
        let report = bench.machines.run(
            bench.invocation(isFresh: true),
            reader: BrokenReader()
        )
        #expect(report.outcome == .failed("the disk is gone"))
        #expect(bench.number(at: Script.firstData) == 0)
        #expect(report.backtrace?.frames.isEmpty == false)
    }
}
