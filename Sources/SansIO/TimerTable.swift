/// Timers as data: the driver asks for the next deadline and hands back what is due.
///
/// Due timers come out by deadline, then in the order in which they were set.
package struct TimerTable<ID: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var deadline: Instant
        var sequence: UInt64
        var id: ID
    }

    /// A binary heap with lazy deletion: `current` tells which entry of an id still counts.
    private var heap: [Entry] = []
    private var current: [ID: UInt64] = [:]
    private var nextSequence: UInt64 = 0

    package init() {}

    package var count: Int { current.count }

    package func isSet(_ id: ID) -> Bool { current[id] != nil }

    /// Sets a timer, replacing an earlier one of the same id.
    package mutating func set(_ id: ID, at deadline: Instant) {
        nextSequence += 1
        current[id] = nextSequence
        heap.append(Entry(deadline: deadline, sequence: nextSequence, id: id))
        siftUp(heap.count - 1)
        if heap.count > 64, heap.count > 4 * current.count { compact() }
    }

    package mutating func cancel(_ id: ID) { current[id] = nil }

    package mutating func nextDeadline() -> Instant? {
        dropCancelled()
        return heap.first?.deadline
    }

    /// Removes and returns one timer that is due, nil if none is.
    package mutating func popExpired(at now: Instant) -> ID? {
        dropCancelled()
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeFirst()
        current[first.id] = nil
        return first.id
    }

    private mutating func dropCancelled() {
        while let first = heap.first, current[first.id] != first.sequence { removeFirst() }
    }

    private mutating func compact() {
        let live = heap.filter { current[$0.id] == $0.sequence }
        heap = live.sorted { precedes($0, $1) }
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        (left.deadline, left.sequence) < (right.deadline, right.sequence)
    }

    private mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }
}
