package import KBR
package import SansIO

/// Which ordered key-value space a row lives in.
package enum StoreSpace: Hashable, Comparable, Sendable {
    /// The node's own durable state: ring, packages, configurations, version floors.
    case node
    case application(ApplicationID)
}

/// One row's value (`Spec/node.md` §7).
package struct StoredValue: Hashable, Sendable {
    package var version: ReplicaVersion
    /// Nil: until removed.
    package var expires: WallTime?
    /// May be evicted when room is short.
    package var isCache: Bool
    /// For the peerlet's own use, at most sixteen bytes.
    package var userBytes: [UInt8]
    package var bytes: [UInt8]

    package init(
        version: ReplicaVersion = .none,
        expires: WallTime? = nil,
        isCache: Bool = false,
        userBytes: [UInt8] = [],
        bytes: [UInt8]
    ) {
        self.version = version
        self.expires = expires
        self.isCache = isCache
        self.userBytes = userBytes
        self.bytes = bytes
    }

    /// Bytes charged for a row: key, value and a fixed overhead.
    package static let rowOverhead = 96

    package func charge(key: [UInt8]) -> UInt64 {
        UInt64(key.count + bytes.count + Self.rowOverhead)
    }
}

/// A row with its key.
///
/// In ring-keyed stores the first 32 bytes of the key are a ring position.
package struct StoreRow: Hashable, Sendable {
    package var key: [UInt8]
    package var value: StoredValue

    package init(key: [UInt8], value: StoredValue) {
        self.key = key
        self.value = value
    }
}

/// One change; a nil value removes the row.
package struct StoreWrite: Hashable, Sendable {
    package var space: StoreSpace
    package var key: [UInt8]
    package var value: StoredValue?

    package init(space: StoreSpace, key: [UInt8], value: StoredValue?) {
        self.space = space
        self.key = key
        self.value = value
    }
}

/// Changes that become durable together or not at all, in the order of their batches.
package struct StoreBatch: Hashable, Sendable {
    package var writes: [StoreWrite] = []

    package init() {}

    package var isEmpty: Bool { writes.isEmpty }
}

/// Order-independent summary of the (key, version) pairs in an arc.
package struct RangeDigest: Hashable, Sendable {
    package var count: UInt64 = 0
    /// Sum modulo 2^256 of SHA-256(key, version) over the rows.
    package var sum: Identifier = .zero

    package init() {}
}

package struct StoreUsage: Hashable, Sendable {
    package var rows: UInt64 = 0
    /// Charged bytes of durable rows, and of cache rows.
    package var durableBytes: UInt64 = 0
    package var cacheBytes: UInt64 = 0

    package init() {}
}

/// The disk could not answer; the node never takes this for an absent row.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Reads what is durable; given to lanes, where it may block (`Spec/node.md` §7).
package protocol StoreReader: Sendable {
    /// The row, also when it has expired: expiry is the caller's to judge by its own clock.
    func value(_ space: StoreSpace, _ key: [UInt8]) throws(StoreError) -> StoredValue?

    /// Up to `limit` rows with keys after `key` (before it when `descending`), in key order.
    func rows(
        _ space: StoreSpace,
        after key: [UInt8],
        descending: Bool,
        limit: Int
    ) throws(StoreError) -> [StoreRow]

    /// Summary of the rows whose first 32 key bytes lie in `arc`.
    func digest(_ space: StoreSpace, in arc: RingInterval) throws(StoreError) -> RangeDigest

    func usage(_ space: StoreSpace) throws(StoreError) -> StoreUsage
}
