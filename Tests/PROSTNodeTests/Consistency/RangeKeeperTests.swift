import KBR
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

    // MARK: Negative controls: what the storm must notice

    @Test func `the storm notices that one answer passes for a majority`() {
        var faults = PlantedFaults()
        faults.skipsMajority = true
        let isFound = (UInt64(1)...30).contains { seed in
            let ring = VirtualRing(seed: 8 + seed, nodes: 5, keys: 12, faults: faults)
            ring.storm(rounds: 8)
            return !ring.violations.isEmpty
        }
        #expect(isFound)
    }

    @Test func `a root that is wrongly held for dead acknowledges nothing more`() {
        let ring = VirtualRing(seed: 7, nodes: 5)
        ring.run(seconds: 10)
        ring.suspect(2)
        ring.run(seconds: 20)
        #expect(ring.violations.isEmpty, "\(ring.violations.prefix(4))")
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
        func node(_ number: UInt64) -> NodeHandle {
            let endpoint = Endpoint(127, 0, 0, 1, port: UInt16(number))
            return NodeHandle(id: Identifier(words: (number, 0, 0, 0)), endpoint: endpoint)
        }
        var keeper = try RangeKeeper(
            application: VirtualRing.application,
            local: node(1),
            replicas: 3,
            random: DeterministicRandom(seed: 1),
            restoring: [],
            faults: faults
        )
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
}
