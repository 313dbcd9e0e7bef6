package import SansIO

/// A bounded table whose entries end at a time of their own; nothing is evicted before.
///
/// A few entries are a list that is searched one by one, as nodes by the ten thousand have them.
package struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var key: Key
        var value: Value
        var holder: RoomHolder
        var expiry: Instant
    }

    private var list: [Entry] = []
    /// Where everything is once it is much; empty until then.
    private var values: [Key: Entry] = [:]
    private var expiries = ExpiryHeap<Key>()
    private var isLarge = false
    /// No entry ends before.
    private var soonest = Instant(nanoseconds: .max)
    private var shares: RoomShares
    private let capacity: Int

    /// Longest list.
    private static var few: Int { 16 }

    package init(capacity: Int) {
        self.capacity = capacity
        shares = RoomShares(capacity: capacity)
    }

    package var count: Int { isLarge ? values.count : list.count }

    package subscript(key: Key) -> Value? {
        isLarge ? values[key]?.value : place(of: key).map { list[$0].value }
    }

    private var holders: [RoomHolder] {
        isLarge ? values.values.map(\.holder) : list.map(\.holder)
    }

    private func place(of key: Key) -> Int? { list.firstIndex { $0.key == key } }

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
        var entry = Entry(key: key, value: value, holder: holder, expiry: expiry)
        let known = isLarge ? nil : place(of: key)
        if let old = known.map({ list[$0] }) ?? (isLarge ? values[key] : nil) {
            entry.holder = old.holder
            entry.expiry = max(expiry, old.expiry)
        } else {
            if shares.mustCount(taken: count) { shares.count(holders) }
            guard shares.admit(holder, taken: count) else { return false }
            shares.take(holder)
        }
        soonest = min(soonest, entry.expiry)
        if let known {
            list[known] = entry
            return true
        }
        if !isLarge, list.count == Self.few { becomeLarge() }
        guard isLarge else {
            list.append(entry)
            return true
        }
        values[key] = entry
        expiries.add(key, at: entry.expiry)
        if expiries.count > 64, expiries.count > 4 * values.count {
            expiries = ExpiryHeap(values.map { ($0.key, $0.value.expiry) })
        }
        return true
    }

    private mutating func becomeLarge() {
        for entry in list {
            values[entry.key] = entry
            expiries.add(entry.key, at: entry.expiry)
        }
        list = []
        isLarge = true
    }

    package mutating func remove(_ key: Key) {
        let removed: Entry?
        if isLarge {
            removed = values.removeValue(forKey: key)
        } else {
            removed = place(of: key).map { list.remove(at: $0) }
        }
        guard let removed else { return }
        shares.giveBack(removed.holder, taken: count)
        giveBackIfEmpty()
    }

    package mutating func removeExpired(at now: Instant) {
        guard soonest <= now else { return }
        if isLarge { removeExpiredOfMany(at: now) } else { removeExpiredOfFew(at: now) }
        giveBackIfEmpty()
    }

    private mutating func removeExpiredOfFew(at now: Instant) {
        soonest = Instant(nanoseconds: .max)
        var place = 0
        while place < list.count {
            let entry = list[place]
            guard entry.expiry <= now else {
                soonest = min(soonest, entry.expiry)
                place += 1
                continue
            }
            list.swapAt(place, list.count - 1)
            list.removeLast()
            shares.giveBack(entry.holder, taken: list.count)
        }
    }

    private mutating func removeExpiredOfMany(at now: Instant) {
        while let first = expiries.first, first.time <= now {
            expiries.removeFirst()
            // An expiry that its entry no longer has counts for nothing.
            guard values[first.key]?.expiry == first.time,
                let removed = values.removeValue(forKey: first.key)
            else { continue }
            shares.giveBack(removed.holder, taken: values.count)
        }
        soonest = expiries.first?.time ?? Instant(nanoseconds: .max)
    }

    /// What a busy time has grown is given back.
    private mutating func giveBackIfEmpty() {
        guard count == 0 else { return }
        list = []
        values = [:]
        expiries = ExpiryHeap()
        isLarge = false
        soonest = Instant(nanoseconds: .max)
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
