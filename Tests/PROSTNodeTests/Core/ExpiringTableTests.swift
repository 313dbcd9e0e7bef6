import KBR
import PROSTNode
import SansIO
import Testing

@Suite struct ExpiringTableTests {
    private let start = Instant.zero

    @Test func `an entry is there until its time, and a later time counts`() {
        var table = ExpiringTable<Int, String>(capacity: 8)
        for (key, value, seconds) in [(1, "a", UInt64(1)), (2, "b", 2), (1, "c", 3)] {
            let end = start + .seconds(seconds)
            let isIn = table.insert(key, value, for: RoomHolder(), until: end, at: start)
            #expect(isIn)
        }
        table.removeExpired(at: start + .seconds(1))
        #expect(table[1] == "c")
        table.removeExpired(at: start + .seconds(2))
        #expect(table[2] == nil)
        #expect(table.count == 1)
        table.removeExpired(at: start + .seconds(3))
        #expect(table.count == 0)
    }

    @Test func `a share that ends comes back to its holder`() {
        var table = ExpiringTable<Int, Int>(capacity: 8)
        let holder = RoomHolder(link: .zero)
        /// Entries that find room at a time.
        func fill(at now: Instant) -> Int {
            var taken = 0
            while table.insert(taken, 0, for: holder, until: now + .seconds(1), at: now) {
                taken += 1
            }
            return taken
        }
        #expect(fill(at: start) == 4)
        table.remove(0)
        #expect(table.count == 3)
        #expect(fill(at: start + .seconds(2)) == 4)
        table.removeExpired(at: start + .seconds(9))
        #expect(fill(at: start + .seconds(9)) == 4)
    }

    @Test func `entries that are put in again and again leave nothing behind`() {
        var table = ExpiringTable<Int, Int>(capacity: 8)
        for round in UInt64(0)..<1000 {
            let now = start + .milliseconds(round)
            _ = table.insert(1, 0, for: RoomHolder(), until: now + .seconds(9), at: now)
        }
        #expect(table.count == 1)
        table.removeExpired(at: start + .milliseconds(9998))
        #expect(table.count == 1)
        table.removeExpired(at: start + .seconds(10))
        #expect(table.count == 0)
    }

    /// Both forms of the table, and shares counted and not, against one obvious model.
    @Test(arguments: [10, 24, 90, 400])
    func `whatever comes and goes, a table holds what is left and admits by shares`(
        capacity: Int
    ) {
        struct Entry {
            var link: UInt64
            var end: UInt64
        }
        var random = DeterministicRandom(seed: UInt64(capacity))
        var table = ExpiringTable<UInt64, UInt64>(capacity: capacity)
        var model: [UInt64: Entry] = [:]
        for step in UInt64(0)..<4000 {
            let now = Instant(nanoseconds: step)
            model = model.filter { $0.value.end > step }
            let key = random.below(UInt64(capacity) * 2)
            // One link sends as much as all others.
            let link = random.below(2) == 0 ? 1 : 2 + random.below(8)
            if random.below(8) == 0 {
                table.remove(key)
                model[key] = nil
            } else {
                let end = step + 1 + random.below(UInt64(capacity) * 3)
                let holder = RoomHolder(link: Identifier(words: (link, 0, 0, 0)))
                let isIn = table.insert(
                    key,
                    key,
                    for: holder,
                    until: Instant(nanoseconds: end),
                    at: now
                )
                let held = model.values.count { $0.link == link }
                let free = capacity - model.count - capacity / 16
                #expect(isIn == (model[key] != nil || held < free))
                guard isIn else { continue }
                let known = model[key]
                model[key] = Entry(link: known?.link ?? link, end: max(known?.end ?? 0, end))
            }
            table.removeExpired(at: now)
            #expect(table.count == model.count)
            #expect((table[key] != nil) == (model[key] != nil))
        }
    }
}
