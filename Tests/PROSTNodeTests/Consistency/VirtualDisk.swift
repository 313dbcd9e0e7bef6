import KBR
import PROSTNode
import PeerletRuntime
import SansIO

/// Rows that survive a crash, and batches that do not yet.
struct VirtualDisk: StoreReader {
    enum Origin {
        case keeper(UInt64)
        case write(operation: Int)
        case replica(operation: Int, root: Int)
    }

    var rows: [StoreSpace: [[UInt8]: StoredValue]] = [:]
    var pending: [(batch: StoreBatch, origin: Origin)] = []

    /// What the next upcall of the same instance sees.
    func latest(_ space: StoreSpace, _ key: [UInt8]) -> StoredValue? {
        for entry in pending.reversed() {
            if let write = entry.batch.writes.last(where: { $0.space == space && $0.key == key }) {
                return write.value
            }
        }
        return rows[space]?[key]
    }

    mutating func syncFirst() -> Origin? {
        guard !pending.isEmpty else { return nil }
        let (batch, origin) = pending.removeFirst()
        for write in batch.writes { rows[write.space, default: [:]][write.key] = write.value }
        return origin
    }

    func value(_ space: StoreSpace, _ key: [UInt8]) throws(StoreError) -> StoredValue? {
        rows[space]?[key]
    }

    func rows(
        _ space: StoreSpace,
        after key: [UInt8],
        descending: Bool,
        limit: Int
    ) throws(StoreError) -> [StoreRow] {
        let keys = (rows[space] ?? [:]).keys.filter { key.lexicographicallyPrecedes($0) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        return keys.prefix(limit).map {
            StoreRow(key: $0, value: rows[space]?[$0] ?? StoredValue(bytes: []))
        }
    }

    func digest(_ space: StoreSpace, in arc: RingInterval) throws(StoreError) -> RangeDigest {
        var digest = RangeDigest()
        for (key, value) in rows[space] ?? [:] {
            guard let point = ArcScan.position(key), arc.contains(point) else { continue }
            var seed: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in key + value.version.writer.bytes {
                seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3
            }
            var random = DeterministicRandom(seed: seed ^ (value.version.counter << 20))
            digest.count += 1
            digest.sum =
                digest.sum
                &+ Identifier(words: (random.next(), random.next(), random.next(), random.next()))
        }
        return digest
    }

    func usage(_ space: StoreSpace) throws(StoreError) -> StoreUsage { StoreUsage() }
}

/// Events in the order of time, then of insertion.
struct EventHeap<Event> {
    private var entries: [(time: UInt64, sequence: UInt64, event: Event)] = []
    private var sequence: UInt64 = 0

    var nextTime: UInt64? { entries.first?.time }

    mutating func push(_ event: Event, at time: UInt64) {
        sequence += 1
        entries.append((time, sequence, event))
        var child = entries.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (time: UInt64, event: Event)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < entries.count && precedes(child, least) {
                    least = child
                }
                if least == parent { break }
                entries.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.event)
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (entries[left].time, entries[left].sequence)
            < (entries[right].time, entries[right].sequence)
    }
}
