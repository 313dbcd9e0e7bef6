package import SansIO

/// A bounded table whose entries end at a time of their own; nothing is evicted before.
package struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var holder: RoomHolder
        var expiry: Instant
    }

    private struct Expiry: Sendable {
        var time: Instant
        var key: Key
    }

    private var values: [Key: Entry] = [:]
    /// A heap; an expiry that its entry no longer has counts for nothing.
    private var expiries: [Expiry] = []
    private var shares: RoomShares
    private let capacity: Int

    package init(capacity: Int) {
        self.capacity = capacity
        shares = RoomShares(capacity: capacity)
    }

    package var count: Int { values.count }

    package subscript(key: Key) -> Value? { values.isEmpty ? nil : values[key]?.value }

    /// False when `key` is new and its holder's share of the table is used up; a known key's entry
    /// never ends earlier than it would have.
    package mutating func insert(
        _ key: Key,
        _ value: Value,
        for holder: RoomHolder,
        until expiry: Instant,
        at now: Instant
    ) -> Bool {
        removeExpired(at: now)
        var expiry = expiry
        if let known = values[key] {
            expiry = max(expiry, known.expiry)
            values[key] = Entry(value: value, holder: known.holder, expiry: expiry)
        } else {
            guard shares.admit(holder, free: capacity - values.count) else { return false }
            shares.take(holder)
            values[key] = Entry(value: value, holder: holder, expiry: expiry)
        }
        expiries.append(Expiry(time: expiry, key: key))
        siftUp()
        if expiries.count > 64, expiries.count > 4 * values.count { compact() }
        return true
    }

    package mutating func remove(_ key: Key) {
        guard !values.isEmpty, let entry = values.removeValue(forKey: key) else { return }
        shares.giveBack(entry.holder)
    }

    package mutating func removeExpired(at now: Instant) {
        while let first = expiries.first, first.time <= now {
            if values[first.key]?.expiry == first.time { remove(first.key) }
            removeFirst()
        }
        // What a busy time has grown is given back.
        if values.isEmpty, values.capacity > 0 {
            values = [:]
            expiries = []
        }
    }

    private mutating func compact() {
        expiries = values.map { Expiry(time: $0.value.expiry, key: $0.key) }
        expiries.sort { $0.time < $1.time }
    }

    private mutating func siftUp() {
        var child = expiries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard expiries[child].time < expiries[parent].time else { return }
            expiries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func removeFirst() {
        guard let last = expiries.popLast(), !expiries.isEmpty else { return }
        expiries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in 2 * parent + 1..<2 * parent + 3
            where child < expiries.count && expiries[child].time < expiries[least].time {
                least = child
            }
            if least == parent { return }
            expiries.swapAt(parent, least)
            parent = least
        }
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
