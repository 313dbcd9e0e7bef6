internal import SansIO

/// Events by time, those of one time in the order in which they were added.
///
/// A heap of four children each over entries of 24 bytes; the events themselves do not move.
struct EventQueue<Event> {
    private struct Entry {
        var time: UInt64
        var sequence: UInt64
        var slot: Int32

        func precedes(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : sequence < other.sequence
        }
    }

    private var heap: [Entry] = []
    private var events: [Event?] = []
    private var freeSlots: [Int32] = []
    private var nextSequence: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    var nextTime: Instant? { heap.first.map { Instant(nanoseconds: $0.time) } }

    mutating func add(_ event: consuming Event, at time: Instant) {
        nextSequence += 1
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
            events[Int(free)] = event
        } else {
            slot = Int32(truncatingIfNeeded: events.count)
            events.append(event)
        }
        let entry = Entry(time: time.nanoseconds, sequence: nextSequence, slot: slot)
        heap.append(entry)
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 4
            guard entry.precedes(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = entry
    }

    mutating func popFirst() -> (time: Instant, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        let place = Int(first.slot)
        guard let event = events[place].take() else { return nil }
        freeSlots.append(first.slot)
        return (Instant(nanoseconds: first.time), event)
    }

    /// Puts an entry into the place that the first one left.
    private mutating func sink(_ entry: Entry) {
        var hole = 0
        while true {
            let firstChild = 4 * hole + 1
            guard firstChild < heap.count else { break }
            var least = firstChild
            for child in firstChild + 1..<max(min(firstChild + 4, heap.count), firstChild + 1)
            where heap[child].precedes(heap[least]) {
                least = child
            }
            guard heap[least].precedes(entry) else { break }
            heap[hole] = heap[least]
            hole = least
        }
        heap[hole] = entry
    }
}
