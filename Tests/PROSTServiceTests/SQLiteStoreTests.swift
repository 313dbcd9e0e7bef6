import Foundation
import GRDB
import KBR
import PROSTService
import PeerletRuntime
import SansIO
import Testing

@Suite struct SQLiteStoreTests {
    private static func path() -> String {
        NSTemporaryDirectory() + "prost-store-" + UUID().uuidString + ".sqlite"
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    /// Random batches over few keys, with removals and overwrites.
    private static func batch(_ random: inout DeterministicRandom) -> StoreBatch {
        var batch = StoreBatch()
        for _ in 0..<(1 + random.below(8)) {
            let space: StoreSpace =
                random.below(4) == 0
                ? .node : .application(ApplicationID(Identifier(words: (random.below(2), 0, 0, 7))))
            var key = [UInt8](repeating: 0, count: 32)
            key[0] = [0, 1, 127, 254, 255][Int(random.below(5))]
            key[31] = UInt8(truncatingIfNeeded: random.below(6))
            let value = StoredValue(
                version: ReplicaVersion(
                    counter: random.below(1000),
                    writer: Identifier(words: (1, 2, 3, 4))
                ),
                expires: random.below(3) == 0 ? WallTime(milliseconds: random.below(100)) : nil,
                isCache: random.below(5) == 0,
                userBytes: random.bytes(Int(random.below(17))),
                bytes: random.bytes(Int(random.below(200)))
            )
            batch.writes.append(
                StoreWrite(space: space, key: key, value: random.below(4) == 0 ? nil : value)
            )
        }
        return batch
    }

    private static func arc(_ random: inout DeterministicRandom) -> RingInterval {
        func point() -> Identifier {
            Identifier(words: (random.next(), random.next(), random.below(3), random.next()))
        }
        let lower = point()
        return random.below(8) == 0
            ? .wholeCircle(endingAt: lower) : RingInterval(after: lower, through: point())
    }

    @Test func `the store on disk answers as the store in memory does`() throws {
        let path = Self.path()
        defer { Self.remove(path) }
        let disk = try SQLiteStore(path: path)
        var memory = MemoryStore()
        var random = DeterministicRandom(seed: 7)
        for _ in 0..<60 {
            let batch = Self.batch(&random)
            try disk.commit([batch])
            memory.apply(batch)
            memory.sync()
            for space in memory.spaces {
                let rows = try disk.rows(space, after: [], descending: false, limit: 1000)
                #expect(
                    try rows == memory.rows(space, after: [], descending: false, limit: 1000)
                )
                #expect(try disk.usage(space) == memory.usage(space))
                let arc = Self.arc(&random)
                #expect(try disk.digest(space, in: arc) == memory.digest(space, in: arc))
                if let middle = rows.randomElement(using: &random) {
                    #expect(
                        try disk.rows(space, after: middle.key, descending: true, limit: 3)
                            == memory.rows(space, after: middle.key, descending: true, limit: 3)
                    )
                    #expect(try disk.value(space, middle.key) == middle.value)
                }
            }
        }
        try disk.close()
    }

    @Test func `what was committed is there after the store is opened again`() throws {
        let path = Self.path()
        defer { Self.remove(path) }
        var random = DeterministicRandom(seed: 11)
        var memory = MemoryStore()
        do {
            let disk = try SQLiteStore(path: path)
            for _ in 0..<10 {
                let batch = Self.batch(&random)
                try disk.commit([batch])
                memory.apply(batch)
                memory.sync()
            }
            try disk.close()
        }
        let again = try SQLiteStore(path: path)
        for space in memory.spaces {
            #expect(
                try again.rows(space, after: [], descending: false, limit: 1000)
                    == memory.rows(space, after: [], descending: false, limit: 1000)
            )
        }
    }

    @Test func `expired rows are removed with their share of the digest`() throws {
        let path = Self.path()
        defer { Self.remove(path) }
        let disk = try SQLiteStore(path: path)
        let space = StoreSpace.application(ApplicationID(.zero))
        var batch = StoreBatch()
        for number in UInt8(0)..<20 {
            let expires = number.isMultiple(of: 2) ? WallTime(milliseconds: 100) : nil
            batch.writes.append(
                StoreWrite(
                    space: space,
                    key: [UInt8](repeating: number, count: 32),
                    value: StoredValue(
                        version: ReplicaVersion(counter: 1, writer: .zero),
                        expires: expires,
                        bytes: [number]
                    )
                )
            )
        }
        try disk.commit([batch])
        try disk.removeExpired(before: 101)
        #expect(try disk.usage(space).rows == 10)
        let everything = RingInterval.wholeCircle(endingAt: .zero)
        #expect(try disk.digest(space, in: everything).count == 10)
    }

    @Test func `a file that is no store is refused with its name`() throws {
        let path = Self.path()
        defer { Self.remove(path) }
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
    }

    @Test(arguments: [
        "counter = 'many'", "counter = x'00'", "writer = 7", "writer = x'00'", "user = 1.5",
        "cache = 'no'", "expires = 'never'", "key = 9",
    ])
    func `a row of another type is an error and no crash`(damage: String) throws {
        let path = Self.path()
        defer { Self.remove(path) }
        var store: SQLiteStore? = try SQLiteStore(path: path)
        var batch = StoreBatch()
        let value = StoredValue(
            version: ReplicaVersion(counter: 1, writer: .zero),
            expires: WallTime(milliseconds: 5),
            bytes: [1]
        )
        batch.writes = [
            StoreWrite(space: .node, key: [UInt8](repeating: 1, count: 32), value: value)
        ]
        try store?.commit([batch])
        try store?.close()
        store = nil
        try Self.edit(path, "UPDATE row SET \(damage)")
        let damaged = try SQLiteStore(path: path)
        #expect(throws: StoreError.self) {
            _ = try damaged.rows(.node, after: [], descending: false, limit: 10)
            _ = try damaged.usage(.node)
            try damaged.removeExpired(before: 100)
        }
    }

    private static func edit(_ path: String, _ statement: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: statement) }
        try queue.close()
    }
}
