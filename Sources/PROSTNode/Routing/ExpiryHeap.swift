internal import SansIO

/// Keys by the time at which their entries end, the soonest first.
struct ExpiryHeap<Key: Sendable>: Sendable {
    struct Expiry: Sendable {
        var time: Instant
        var key: Key
    }

    private var expiries: [Expiry] = []

    init() {}

    init(_ pairs: [(Key, Instant)]) {
        expiries = pairs.map { Expiry(time: $0.1, key: $0.0) }.sorted { $0.time < $1.time }
    }

    var count: Int { expiries.count }
    var first: Expiry? { expiries.first }

    mutating func add(_ key: Key, at time: Instant) {
        expiries.append(Expiry(time: time, key: key))
        var child = expiries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard expiries[child].time < expiries[parent].time else { return }
            expiries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
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
