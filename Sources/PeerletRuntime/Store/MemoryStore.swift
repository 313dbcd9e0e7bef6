package import KBR

/// The store in memory, for the simulator and tests (`Spec/node.md` §7).
///
/// What is applied but not synced is lost in a crash. Reading sees what is durable; a copy is a
/// snapshot.
package struct MemoryStore: StoreReader {
    private var durable: [StoreSpace: OrderedRows] = [:]
    private var volatile: [StoreSpace: OrderedRows] = [:]

    package init() {}

    /// Applies a batch; durable with the next `sync`.
    package mutating func apply(_ batch: StoreBatch) {
        for write in batch.writes {
            if let value = write.value {
                volatile[write.space, default: OrderedRows()].set(write.key, value)
            } else {
                volatile[write.space]?.remove(write.key)
            }
        }
    }

    /// Makes everything applied so far durable.
    package mutating func sync() { durable = volatile }

    /// Forgets everything applied since the last `sync`.
    package mutating func crash() { volatile = durable }

    /// The durable spaces, in order.
    package var spaces: [StoreSpace] { durable.keys.sorted() }

    package func value(_ space: StoreSpace, _ key: [UInt8]) throws(StoreError) -> StoredValue? {
        durable[space]?[key]
    }

    package func rows(
        _ space: StoreSpace,
        after key: [UInt8],
        descending: Bool,
        limit: Int
    ) throws(StoreError) -> [StoreRow] {
        durable[space]?.rows(after: key, descending: descending, limit: limit) ?? []
    }

    package func digest(
        _ space: StoreSpace,
        in arc: RingInterval
    ) throws(StoreError) -> RangeDigest {
        durable[space]?.digest(in: arc) ?? RangeDigest()
    }

    package func usage(_ space: StoreSpace) throws(StoreError) -> StoreUsage {
        durable[space]?.usage ?? StoreUsage()
    }
}
