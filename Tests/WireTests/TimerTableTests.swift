import SansIO
import Testing

/// Both forms of the table, the list of few timers and the heap of many, against one obvious model.
@Suite struct TimerTableTests {
    /// Timers in the order in which they were set.
    private struct Model {
        var timers: [(id: Int, deadline: UInt64)] = []

        mutating func set(_ id: Int, _ deadline: UInt64) {
            cancel(id)
            timers.append((id, deadline))
        }

        mutating func cancel(_ id: Int) { timers.removeAll { $0.id == id } }

        /// The soonest, the first set of equals.
        var next: (id: Int, deadline: UInt64)? {
            timers.enumerated().min {
                ($0.element.deadline, $0.offset) < ($1.element.deadline, $1.offset)
            }?.element
        }
    }

    @Test(arguments: [4, 24, 25, 60, 400])
    func `timers come out by deadline, then in the order in which they were set`(
        ids: Int
    ) {
        var random = DeterministicRandom(seed: UInt64(ids))
        var table = TimerTable<Int>()
        var model = Model()
        for step in 0..<3000 {
            let id = Int(random.below(UInt64(ids)))
            switch random.below(8) {
            case 0...4:
                let deadline = UInt64(step) + random.below(200)
                table.set(id, at: Instant(nanoseconds: deadline))
                model.set(id, deadline)
            case 5:
                table.cancel(id)
                model.cancel(id)
            default:
                let now = Instant(nanoseconds: UInt64(step))
                while let fired = table.popExpired(at: now) {
                    #expect(fired == model.next?.id)
                    model.cancel(fired)
                }
                #expect(model.next.map { $0.deadline > UInt64(step) } ?? true)
            }
            #expect(table.nextDeadline()?.nanoseconds == model.next?.deadline)
            #expect(table.count == model.timers.count)
            #expect(table.isSet(id) == model.timers.contains { $0.id == id })
        }
    }

    @Test func `timers come due in order, the last setting counts`() {
        var random = DeterministicRandom(seed: 2)
        var table = TimerTable<Int>()
        var expected: [Int: Instant] = [:]
        for _ in 0..<5000 {
            let id = Int(random.below(50))
            if random.below(4) == 0 {
                table.cancel(id)
                expected[id] = nil
            } else {
                let time = Instant(nanoseconds: random.below(1000))
                table.set(id, at: time)
                expected[id] = time
            }
            #expect(table.nextDeadline() == expected.values.min())
        }
        var last = Instant.zero
        while let due = table.nextDeadline() {
            guard let id = table.popExpired(at: due) else {
                Issue.record("a timer that is due did not come")
                return
            }
            #expect(expected.removeValue(forKey: id) == due)
            #expect(due >= last)
            last = due
        }
        #expect(expected.isEmpty)
    }
}
