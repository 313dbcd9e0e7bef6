internal import KBR
internal import SansIO

/// An application's store as one upcall sees it: what is durable, under the instance's batches that
/// are not, under the upcall's own writes (`Spec/abi.md` §3.1).
struct UpcallStore {
    private let space: StoreSpace
    private let reader: any StoreReader
    private let wall: WallTime
    private var pending: [StoreBatch]
    /// Rows not yet durable, by key; nil values are removed rows.
    private var rows: [Change] = []
    private(set) var batch = StoreBatch()
    /// Change of the charged bytes by the upcall's own writes.
    private(set) var growth: Int64 = 0
    /// Writes asked for, also those that replaced one another.
    private(set) var writeCount = 0

    private struct Change {
        var key: [UInt8]
        var value: StoredValue?
        /// Index in the upcall's own batch.
        var write: Int?
    }

    init(_ space: StoreSpace, reader: any StoreReader, pending: [StoreBatch], wall: WallTime) {
        self.space = space
        self.reader = reader
        self.pending = pending
        self.wall = wall
    }

    /// Merges the pending batches; put off until the upcall's first look into the store.
    mutating func open() {
        guard !pending.isEmpty else { return }
        for batch in pending {
            for write in batch.writes where write.space == space {
                change(write.key, to: write.value, write: nil)
            }
        }
        pending = []
    }

    /// Rows written but not durable.
    var changeCount: Int { rows.count }

    func isLive(_ value: StoredValue) -> Bool { value.expires.map { wall < $0 } ?? true }

    /// The row, also when it has expired.
    func stored(_ key: [UInt8]) throws(StoreError) -> StoredValue? {
        let index = firstIndex(notBefore: key)
        if index < rows.count, rows[index].key == key { return rows[index].value }
        return try reader.value(space, key)
    }

    /// The row unless it is absent or has expired.
    func live(_ key: [UInt8]) throws(StoreError) -> StoredValue? {
        guard let value = try stored(key), isLive(value) else { return nil }
        return value
    }

    /// Growth of the charged bytes that replacing `old` would cause.
    static func growth(_ key: [UInt8], from old: StoredValue?, to new: StoredValue?) -> Int64 {
        let before = old?.charge(key: key) ?? 0
        let after = new?.charge(key: key) ?? 0
        return Int64(clamping: after) - Int64(clamping: before)
    }

    mutating func write(_ key: [UInt8], from old: StoredValue?, to new: StoredValue?) {
        growth += Self.growth(key, from: old, to: new)
        writeCount += 1
        let write = StoreWrite(space: space, key: key, value: new)
        let index = firstIndex(notBefore: key)
        if index < rows.count, rows[index].key == key, let own = rows[index].write {
            batch.writes[own] = write
            rows[index].value = new
        } else {
            batch.writes.append(write)
            change(key, to: new, write: batch.writes.count - 1)
        }
    }

    private mutating func change(_ key: [UInt8], to value: StoredValue?, write: Int?) {
        let index = firstIndex(notBefore: key)
        let entry = Change(key: key, value: value, write: write)
        if index < rows.count, rows[index].key == key {
            rows[index] = entry
        } else {
            rows.insert(entry, at: index)
        }
    }

    private func firstIndex(notBefore key: [UInt8]) -> Int {
        rows.partitioningIndex { !StoreKeys.isBefore($0.key, key) }
    }
}

// Walking in key order.
extension UpcallStore {
    /// A step of a walk: the nearest row, or how far to go on because what was found is absent.
    enum Step {
        case found(StoreRow)
        /// Removed or expired rows passed over; go on from `from`.
        case passed(count: Int, from: [UInt8])
        case end
    }

    /// The nearest row after `cursor` (before it when `isDescending`) within `span`; reads at most
    /// `limit` durable rows.
    func step(
        from cursor: [UInt8],
        in span: KeySpan,
        isDescending: Bool,
        limit: Int
    ) throws(StoreError) -> Step {
        let durable = try reader.rows(
            space,
            after: cursor,
            descending: isDescending,
            limit: limit
        ).filter { span.contains($0.key) }
        let change = nearestChange(from: cursor, in: span, isDescending: isDescending)
        guard let first = durable.first else {
            guard let change else { return .end }
            return found(change.key, change.value)
        }
        var passed = 0
        for row in durable {
            if let change, !isBefore(row.key, change.key, isDescending) {
                if passed > 0, change.value.map({ !isLive($0) }) ?? true {
                    return .passed(count: passed + 1, from: change.key)
                }
                return found(change.key, change.value)
            }
            if isLive(row.value) { return .found(row) }
            passed += 1
        }
        return .passed(count: passed, from: durable.last?.key ?? first.key)
    }

    private func isBefore(_ left: [UInt8], _ right: [UInt8], _ isDescending: Bool) -> Bool {
        isDescending ? StoreKeys.isBefore(right, left) : StoreKeys.isBefore(left, right)
    }

    private func found(_ key: [UInt8], _ value: StoredValue?) -> Step {
        guard let value, isLive(value) else { return .passed(count: 1, from: key) }
        return .found(StoreRow(key: key, value: value))
    }

    private func nearestChange(
        from cursor: [UInt8],
        in span: KeySpan,
        isDescending: Bool
    ) -> Change? {
        var index = firstIndex(notBefore: cursor)
        if isDescending {
            index -= 1
        } else if index < rows.count, rows[index].key == cursor {
            index += 1
        }
        guard rows.indices.contains(index), span.contains(rows[index].key) else { return nil }
        return rows[index]
    }
}

// Sums over what is durable and what is not yet.
extension UpcallStore {
    /// Reads again when a batch became durable in between; a digest of a moving store is a hint.
    private static let attempts = 4

    func digest(in arc: RingInterval) throws(StoreError) -> RangeDigest {
        let changes = rows.filter { arc.contains(StoreKeys.position(of: $0.key)) }
        var base = try reader.digest(space, in: arc)
        guard !changes.isEmpty else { return base }
        var total = base
        for _ in 0..<Self.attempts {
            total = base
            for change in changes {
                if let old = try reader.value(space, change.key) {
                    total.remove(RangeDigest.term(key: change.key, version: old.version))
                }
                if let new = change.value {
                    total.add(RangeDigest.term(key: change.key, version: new.version))
                }
            }
            let again = try reader.digest(space, in: arc)
            if again == base { break }
            base = again
        }
        return total
    }

    func usage() throws(StoreError) -> StoreUsage {
        var base = try reader.usage(space)
        guard !rows.isEmpty else { return base }
        var total = base
        for _ in 0..<Self.attempts {
            total = base
            for change in rows {
                if let old = try reader.value(space, change.key) { total.remove(change.key, old) }
                if let new = change.value { total.add(change.key, new) }
            }
            let again = try reader.usage(space)
            if again == base { break }
            base = again
        }
        return total
    }
}

extension StoreUsage {
    mutating func add(_ key: [UInt8], _ value: StoredValue) {
        rows &+= 1
        if value.isCache {
            cacheBytes &+= value.charge(key: key)
        } else {
            durableBytes &+= value.charge(key: key)
        }
    }

    mutating func remove(_ key: [UInt8], _ value: StoredValue) {
        rows &-= 1
        if value.isCache {
            cacheBytes &-= value.charge(key: key)
        } else {
            durableBytes &-= value.charge(key: key)
        }
    }
}
