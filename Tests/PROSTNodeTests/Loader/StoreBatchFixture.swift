import PeerletRuntime

enum StoreBatchFixture {
    /// One row of the node's own space.
    static func write(_ key: [UInt8], _ bytes: [UInt8]) -> StoreBatch {
        var batch = StoreBatch()
        batch.writes = [StoreWrite(space: .node, key: key, value: StoredValue(bytes: bytes))]
        return batch
    }
}
