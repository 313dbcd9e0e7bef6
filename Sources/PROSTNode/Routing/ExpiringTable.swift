package import SansIO

/// A bounded table whose entries end at a time of their own; nothing is evicted before.
package struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var entries: [Key: (value: Value, holder: RoomHolder)] = [:]
    private var expiries = TimerTable<Key>()
    private var shares = RoomShares()
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    package var count: Int { entries.count }

    package subscript(key: Key) -> Value? { entries[key]?.value }

    /// False when `key` is new and its holder's share of the table is used up.
    package mutating func insert(
        _ key: Key,
        _ value: Value,
        for holder: RoomHolder,
        until expiry: Instant,
        at now: Instant
    ) -> Bool {
        removeExpired(at: now)
        if let known = entries[key] {
            entries[key] = (value, known.holder)
        } else {
            guard shares.admit(holder, free: capacity - entries.count) else { return false }
            shares.take(holder)
            entries[key] = (value, holder)
        }
        expiries.set(key, at: expiry)
        return true
    }

    package mutating func remove(_ key: Key) {
        drop(key)
        expiries.cancel(key)
    }

    package mutating func removeExpired(at now: Instant) {
        while let key = expiries.popExpired(at: now) { drop(key) }
    }

    private mutating func drop(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        shares.giveBack(entry.holder)
    }
}

extension ExpiringTable where Value == Void {
    package func contains(_ key: Key) -> Bool { self[key] != nil }

    package mutating func insert(
        _ key: Key,
        for holder: RoomHolder,
        until expiry: Instant,
        at now: Instant
    ) -> Bool {
        insert(key, (), for: holder, until: expiry, at: now)
    }
}
