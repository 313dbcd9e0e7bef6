package import SansIO

/// A bounded table whose entries end at a time of their own.
package struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: Value] = [:]
    private var expiries = TimerTable<Key>()
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    package var count: Int { values.count }

    package subscript(key: Key) -> Value? { values[key] }

    /// False when the table is full and `key` is new; nothing is evicted before its time.
    package mutating func insert(
        _ key: Key,
        _ value: Value,
        until expiry: Instant,
        at now: Instant
    ) -> Bool {
        removeExpired(at: now)
        guard values.count < capacity || values[key] != nil else { return false }
        values[key] = value
        expiries.set(key, at: expiry)
        return true
    }

    package mutating func remove(_ key: Key) {
        values[key] = nil
        expiries.cancel(key)
    }

    package mutating func removeExpired(at now: Instant) {
        while let key = expiries.popExpired(at: now) { values[key] = nil }
    }
}
