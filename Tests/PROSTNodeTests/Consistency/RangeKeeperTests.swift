import KBR
import PeerletRuntime
import SansIO
import Testing

import PROSTNode

@Suite struct RangeKeeperTests {
    @Test func `a ring that forms serves every key and replicates it`() {
        let ring = VirtualRing(seed: 1, nodes: 5)
        ring.run(seconds: 10)
        #expect(ring.isSettled)
        ring.clientsRun = false
        ring.run(seconds: 2)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty)
        #expect(ring.acknowledged.allSatisfy { $0 > 0 })
    }

    @Test(arguments: 1...10)
    func `no acknowledged write is lost while single nodes crash, join and leave`(seed: UInt64) {
        let ring = VirtualRing(seed: seed, nodes: 5, keys: 12)
        ring.storm(rounds: 8)
        #expect(ring.violations.isEmpty, "seed \(seed): \(ring.violations.prefix(4))")
        #expect(ring.acknowledgements > 100)
    }

    @Test func `rows that fill many pages move whole`() {
        let ring = VirtualRing(seed: 5, nodes: 1, keys: 400)
        ring.run(seconds: 2)
        for _ in 0..<3 { ring.join() }
        ring.run(seconds: 10)
        #expect(ring.isSettled, "\(ring.unfinished)")
        ring.crash(0, wiped: true)
        ring.run(seconds: 10)
        ring.clientsRun = false
        ring.run(seconds: 5)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
        #expect(ring.acknowledged.allSatisfy { $0 > 0 })
    }

    @Test func `a node that refuses the application is passed over`() {
        let ring = VirtualRing(seed: 8, nodes: 5)
        ring.nodes[2].hosts = false
        ring.run(seconds: 10)
        #expect(ring.isSettled)
        ring.clientsRun = false
        ring.run(seconds: 2)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
        #expect(ring.acknowledged.allSatisfy { $0 > 0 })
        #expect(ring.nodes[2].disk.rows.isEmpty)
    }

    @Test func `a ring of two keeps everything on both and goes on after both restart`() {
        let ring = VirtualRing(seed: 3, nodes: 2)
        ring.run(seconds: 5)
        #expect(ring.isSettled)
        ring.crash(0, wiped: false)
        ring.run(seconds: 1)
        ring.start(0)
        ring.run(seconds: 5)
        ring.crash(1, wiped: false)
        ring.run(seconds: 1)
        ring.start(1)
        ring.run(seconds: 5)
        #expect(ring.isSettled, "\(ring.unfinished)")
        ring.clientsRun = false
        ring.run(seconds: 2)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
    }

    @Test func `the last node leaves at once and others hand everything over`() {
        let ring = VirtualRing(seed: 4, nodes: 4)
        ring.run(seconds: 5)
        for _ in 0..<2 {
            let leaver = ring.live[0]
            ring.step(leaver, .prepareToLeave)
            ring.run(seconds: 10) { ring.nodes[leaver].keeper != nil }
            #expect(ring.nodes[leaver].keeper == nil)
            ring.run(seconds: 10)
            #expect(ring.isSettled, "\(ring.unfinished)")
        }
        ring.clientsRun = false
        ring.run(seconds: 2)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
        #expect(ring.live.count == 2)
    }

    @Test(arguments: 1...6)
    func `a node that leaves is in no configuration any more`(seed: UInt64) {
        let ring = VirtualRing(seed: seed, nodes: 6)
        ring.run(seconds: 10)
        let leaver = ring.live[2]
        let id = ring.nodes[leaver].handle.id
        ring.step(leaver, .prepareToLeave)
        ring.run(seconds: 10) { ring.nodes[leaver].keeper != nil }
        #expect(ring.nodes[leaver].keeper == nil)
        let counting = ring.live.filter { index in
            ring.nodes[index].keeper?.ranges.contains { range in
                range.isServing && range.members.first?.id == ring.nodes[index].handle.id
                    && range.members.contains { $0.id == id }
            } ?? false
        }
        #expect(counting.isEmpty)
        // So one more may be lost at once, with its disk.
        ring.crash(ring.live[2], wiped: true)
        ring.run(seconds: 20)
        #expect(ring.isSettled, "\(ring.unfinished)")
        ring.clientsRun = false
        ring.run(seconds: 2)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
    }

    // MARK: With negative controls: what breaks without a rule

    @Test(arguments: [false, true])
    func `one member of three acknowledges nothing alone`(planted: Bool) {
        var faults = PlantedFaults()
        faults.skipsMajority = planted
        let ring = VirtualRing(seed: 9, nodes: 3, faults: faults)
        ring.run(seconds: 10)
        #expect(ring.isSettled)
        ring.crash(0, wiped: false)
        ring.crash(1, wiped: false)
        ring.run(seconds: 5)
        let before = ring.acknowledgements
        ring.run(seconds: 10)
        #expect((ring.acknowledgements > before) == planted)
    }

    private func withSuspectedRoot(seed: UInt64, _ faults: PlantedFaults) -> VirtualRing {
        let ring = VirtualRing(seed: seed, nodes: 5, faults: faults)
        ring.run(seconds: 10)
        ring.suspect(2)
        ring.run(seconds: 20)
        return ring
    }

    @Test(arguments: 1...8)
    func `a root that is wrongly held for dead acknowledges nothing and reads nothing old`(
        seed: UInt64
    ) {
        let ring = withSuspectedRoot(seed: seed, PlantedFaults())
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
        #expect(ring.reads > 500)
    }

    @Test func `a promise while another root holds a lease is caught`() {
        var faults = PlantedFaults()
        faults.ignoresLeases = true
        let isCaught = (1...40 as ClosedRange<UInt64>).contains { seed in
            !withSuspectedRoot(seed: seed, faults).violations.isEmpty
        }
        #expect(isCaught)
    }

    @Test(arguments: [false, true])
    func `unacknowledged leftovers of a node that comes back do not resurface`(planted: Bool) {
        var faults = PlantedFaults()
        faults.keepsLeftovers = planted
        let ring = VirtualRing(seed: 6, nodes: 5, faults: faults)
        ring.run(seconds: 10)
        ring.crash(1, wiped: false)
        ring.run(seconds: 10)
        #expect(ring.isSettled)
        ring.plantLeftovers(at: 1)
        ring.start(1)
        ring.run(seconds: 10)
        ring.clientsRun = false
        ring.run(seconds: 5)
        ring.checkReplicas()
        #expect(ring.violations.isEmpty != planted, "\(ring.violations.prefix(4))")
    }

    @Test(arguments: [false, true])
    func `a promise is answered only once it is durable`(planted: Bool) throws {
        var faults = PlantedFaults()
        faults.promisesEarly = planted
        var keeper = try makeKeeper(faults)
        let arc = RingInterval(after: node(5).id, through: node(9).id)
        let ballot = Ballot(epoch: 4, proposer: node(2).id)
        var isAnswered = false
        var batches: [UInt64] = []
        func note(_ effects: [RangeKeeper.Effect]) {
            for effect in effects {
                if case .send(.promised(7, ballot, _), to: node(2)) = effect { isAnswered = true }
                if case .commit(_, let id) = effect { batches.append(id) }
            }
        }
        let prepare = RangeMessage.prepare(token: 7, arc: arc, ballot)
        note(keeper.handle(.message(prepare, from: node(2)), now: .zero))
        #expect(isAnswered == planted)
        // A repeat finds the promise made, but it still waits for the disk.
        note(keeper.handle(.message(prepare, from: node(2)), now: .zero))
        #expect(isAnswered == planted)
        let batch = try #require(batches.first)
        note(keeper.handle(.durable(batch), now: .zero))
        #expect(isAnswered)

        let lower = RangeMessage.prepare(
            token: 8,
            arc: arc,
            Ballot(epoch: 3, proposer: node(3).id)
        )
        let refused = keeper.handle(.message(lower, from: node(3)), now: .zero).contains { effect in
            if case .send(.refused(8, ballot), to: node(3)) = effect { true } else { false }
        }
        #expect(refused)
    }

    @Test(arguments: [false, true])
    func `a member that promised a newer ballot stores no change of the old root`(
        planted: Bool
    ) throws {
        var faults = PlantedFaults()
        faults.ignoresFence = planted
        var keeper = try makeKeeper(faults)
        let arc = RingInterval(after: node(5).id, through: node(9).id)
        let ballot = Ballot(epoch: 4, proposer: node(2).id)
        let members = Configuration(ballot: ballot, members: [node(2), node(3), node(1)])
        let key = node(7).id
        #expect(!keeper.accepts(key, epoch: 4, root: node(2).id))
        let accept = RangeMessage.accept(token: 1, arc: arc, members, base: nil)
        _ = keeper.handle(.message(accept, from: node(2)), now: .zero)
        #expect(keeper.accepts(key, epoch: 4, root: node(2).id))
        #expect(!keeper.accepts(node(10).id, epoch: 4, root: node(2).id))
        let newer = Ballot(epoch: 5, proposer: node(3).id)
        let prepare = RangeMessage.prepare(token: 2, arc: arc, newer)
        _ = keeper.handle(.message(prepare, from: node(3)), now: .zero)
        #expect(keeper.accepts(key, epoch: 4, root: node(2).id) == planted)
    }

    @Test func `a flood of arcs from a stranger stays within the room there is for them`() throws {
        var keeper = try makeKeeper()
        var rows: [[UInt8]: Bool] = [:]
        for number in 0..<3000 as Range<UInt64> {
            let arc = RingInterval(
                after: Identifier(words: (number << 20, 0, 0, 0)),
                through: Identifier(words: (number << 20, 1, 0, 0))
            )
            let ballot = Ballot(epoch: number + 1, proposer: node(200).id)
            let page = RowPage(rows: [], hasMore: false)
            let stage = RangeMessage.stage(token: number, arc: arc, ballot, after: nil, page)
            var inputs = [RangeKeeper.Input.message(stage, from: node(200))]
            while !inputs.isEmpty {
                for effect in keeper.handle(inputs.removeFirst(), now: .zero) {
                    switch effect {
                    case .commit(let batch, let id):
                        for write in batch.writes {
                            rows[write.key] = write.value.map { _ in true }
                        }
                        inputs.append(.durable(id))
                    case .readRows(let id, _, _): inputs.append(.rows(id, page))
                    default: break
                    }
                }
            }
        }
        #expect(rows.count >= 500)
        #expect(rows.count <= 513)
    }

    @Test func `rows staged at a node that had left the arc stay when a page is repeated`() throws {
        let space = StoreSpace.application(VirtualRing.application)
        var keeper = try makeKeeper()
        var disk = VirtualDisk()
        var stagings = 0
        /// Hands a message in and lets the disk answer until nothing is left to do.
        func receive(_ message: RangeMessage) throws {
            var inputs = [RangeKeeper.Input.message(message, from: node(2))]
            while !inputs.isEmpty {
                for effect in keeper.handle(inputs.removeFirst(), now: .zero) {
                    switch effect {
                    case .commit(let batch, let id):
                        disk.pending.append((batch, .keeper(id)))
                        _ = disk.syncFirst()
                        inputs.append(.durable(id))
                    case .readRows(let id, let arc, let after):
                        let page = try ArcScan.page(of: disk, space, arc, after: after)
                        inputs.append(.rows(id, page))
                    case .send(.staged, _): stagings += 1
                    default: break
                    }
                }
            }
        }
        let arc = RingInterval(after: node(5).id, through: node(9).id)
        let old = Ballot(epoch: 4, proposer: node(2).id)
        let new = Ballot(epoch: 5, proposer: node(2).id)
        let elsewhere = Configuration(ballot: old, members: [node(2), node(3), node(4)])
        let here = Configuration(ballot: new, members: [node(2), node(3), node(1)])
        let rows = (6...8).map { number in
            StoreRow(key: node(number).id.bytes, value: StoredValue(bytes: [UInt8(number)]))
        }
        let first = RowPage(rows: Array(rows.prefix(2)), hasMore: true)
        let rest = RowPage(rows: Array(rows.suffix(1)), hasMore: false)

        try receive(.prepare(token: 1, arc: arc, old))
        try receive(.commit(token: 1, arc: arc, elsewhere))
        try receive(.stage(token: 2, arc: arc, new, after: nil, first))
        try receive(.stage(token: 2, arc: arc, new, after: nil, first))
        try receive(.stage(token: 2, arc: arc, new, after: rows[1].key, rest))
        try receive(.accept(token: 2, arc: arc, here, base: elsewhere))
        #expect(stagings == 3)
        #expect(Set((disk.rows[space] ?? [:]).keys) == Set(rows.map(\.key)))

        // Once it is known to have left again, its rows go.
        let later = Ballot(epoch: 6, proposer: node(2).id)
        try receive(
            .commit(token: 3, arc: arc, Configuration(ballot: later, members: elsewhere.members))
        )
        #expect((disk.rows[space] ?? [:]).values.compactMap { $0 }.isEmpty)
    }

    // MARK: One keeper by itself

    private func node(_ number: UInt64) -> NodeHandle {
        let endpoint = Endpoint(127, 0, 0, 1, port: UInt16(number))
        return NodeHandle(id: Identifier(words: (number, 0, 0, 0)), endpoint: endpoint)
    }

    /// Node 1's.
    private func makeKeeper(_ faults: PlantedFaults = PlantedFaults()) throws -> RangeKeeper {
        try RangeKeeper(
            application: VirtualRing.application,
            local: node(1),
            replicas: 3,
            random: DeterministicRandom(seed: 1),
            restoring: [],
            faults: faults
        )
    }
}
