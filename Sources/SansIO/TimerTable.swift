/// Timers as data: the driver asks for the next deadline and hands back what is due.
///
/// Due timers come out by deadline, then in the order in which they were set. Few timers are a
/// sorted list, as nodes by the ten thousand have them; many are a heap.
public struct TimerTable<ID: Hashable & Sendable>: Sendable {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var deadline: Instant
        @usableFromInline var sequence: UInt64
        @usableFromInline var id: ID

        @inlinable
        init(deadline: Instant, sequence: UInt64, id: ID) {
            self.deadline = deadline
            self.sequence = sequence
            self.id = id
        }

        @inlinable
        func precedes(_ other: Entry) -> Bool {
            deadline.nanoseconds != other.deadline.nanoseconds
                ? deadline.nanoseconds < other.deadline.nanoseconds : sequence < other.sequence
        }
    }

    /// Sorted, the soonest last; a binary heap with the soonest first once there are many.
    @usableFromInline var entries: [Entry] = []
    /// Which entry of an id still counts, since a heap deletes lazily; nil while there are few.
    @usableFromInline var current: [ID: UInt64]?
    @usableFromInline var nextSequence: UInt64 = 0
    /// The next deadline, here so that asking for it touches nothing else; `max` if there is none.
    @usableFromInline var soonest: UInt64 = .max

    /// Longest sorted list.
    @inlinable static var few: Int { 24 }

    @inlinable public init() {}

    @inlinable public var count: Int { current?.count ?? entries.count }

    @inlinable
    public func isSet(_ id: ID) -> Bool {
        if let current { return current[id] != nil }
        return entries.contains { $0.id == id }
    }

    /// Sets a timer, replacing an earlier one of the same id.
    @inlinable
    public mutating func set(_ id: ID, at deadline: Instant) {
        nextSequence += 1
        let entry = Entry(deadline: deadline, sequence: nextSequence, id: id)
        guard current == nil else {
            push(entry)
            return noteSoonest()
        }
        if let old = entries.firstIndex(where: { $0.id == id }) { entries.remove(at: old) }
        guard entries.count < Self.few else {
            becomeHeap()
            push(entry)
            return noteSoonest()
        }
        var place = entries.count
        while place > 0, entries[place - 1].precedes(entry) { place -= 1 }
        entries.insert(entry, at: place)
        noteSoonest()
    }

    @inlinable
    public mutating func cancel(_ id: ID) {
        if current != nil {
            current?[id] = nil
        } else if let place = entries.firstIndex(where: { $0.id == id }) {
            entries.remove(at: place)
        } else {
            return
        }
        noteSoonest()
    }

    /// Nil if nothing is set; a timer at the end of time never comes.
    @inlinable
    public func nextDeadline() -> Instant? {
        soonest == .max ? nil : Instant(nanoseconds: soonest)
    }

    @inlinable
    mutating func noteSoonest() {
        if current != nil { dropCancelled() }
        let next = current == nil ? entries.last : entries.first
        soonest = next?.deadline.nanoseconds ?? .max
    }

    /// Removes and returns one timer that is due, nil if none is.
    @inlinable
    public mutating func popExpired(at now: Instant) -> ID? {
        guard soonest <= now.nanoseconds, soonest != .max else { return nil }
        defer { noteSoonest() }
        guard current != nil else { return entries.popLast()?.id }
        guard let first = entries.first else { return nil }
        removeFirst()
        current?[first.id] = nil
        return first.id
    }

    // MARK: Many timers

    @inlinable
    mutating func becomeHeap() {
        entries.reverse()
        var table: [ID: UInt64] = [:]
        for entry in entries { table[entry.id] = entry.sequence }
        current = table
    }

    @inlinable
    mutating func push(_ entry: Entry) {
        current?[entry.id] = entry.sequence
        entries.append(entry)
        siftUp(entries.count - 1)
        if entries.count > 64, entries.count > 4 * (current?.count ?? 0) { compact() }
    }

    @inlinable
    mutating func dropCancelled() {
        while let first = entries.first, current?[first.id] != first.sequence { removeFirst() }
        if entries.isEmpty { current = nil }
    }

    @inlinable
    mutating func compact() {
        entries.removeAll { current?[$0.id] != $0.sequence }
        entries.sort { $0.precedes($1) }
    }

    @inlinable
    mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < entries.count, entries[left].precedes(entries[least]) { least = left }
            if left + 1 < entries.count, entries[left + 1].precedes(entries[least]) {
                least = left + 1
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    @inlinable
    mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].precedes(entries[parent]) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }
}
