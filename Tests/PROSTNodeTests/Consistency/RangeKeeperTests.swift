import KBR
import SansIO
import Testing

@testable import PROSTNode

@Suite struct RangeKeeperTests {
    /// Faults of at most a minority at a time, under load, then calm.
    private func storm(
        seed: UInt64,
        rounds: Int,
        keys: Int = 24,
        faults: PlantedFaults = PlantedFaults()
    ) -> VirtualRing {
        let ring = VirtualRing(seed: seed, nodes: 5, keys: keys, faults: faults)
        ring.run(seconds: 30) { !ring.isSettled }
        ring.lossPerMille = seed % 3 == 0 ? 20 : 0
        for _ in 0..<rounds {
            ring.run(seconds: 1 + ring.random.below(2))
            let live = ring.live
            let victim = live[Int(ring.random.below(UInt64(live.count)))]
            switch ring.random.below(5) {
            case 0: ring.join()
            case 1 where live.count > 4:
                ring.step(victim, .prepareToLeave)
                ring.run(seconds: 60) { ring.nodes[victim].keeper != nil }
            case 2 where live.count > 3:
                if ring.random.below(2) == 0 { ring.join() }
                ring.crash(victim, wiped: true)
                ring.join()
            default:
                if ring.random.below(2) == 0 { ring.join() }
                ring.crash(victim, wiped: false)
                let pause = 20_000_000 + ring.random.below(2_000_000_000)
                ring.events.push(.restart(node: victim), at: ring.time + pause)
            }
            ring.run(seconds: 60) { !ring.isSettled || !ring.nodes.allSatisfy(\.isBackOrGone) }
            if !ring.isSettled { ring.violations.append("not repaired within 60 s") }
            if !ring.violations.isEmpty { return ring }
        }
        ring.lossPerMille = 0
        ring.run(seconds: 1)
        ring.clientsRun = false
        ring.run(seconds: 30)
        if !ring.isSettled { ring.violations.append("not settled") }
        ring.checkReplicas()
        return ring
    }

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

    @Test(arguments: 1...24)
    func `no acknowledged write is lost while single nodes crash, join and leave`(seed: UInt64) {
        let ring = storm(seed: seed, rounds: 12)
        #expect(ring.violations.isEmpty, "seed \(seed): \(ring.violations.prefix(4))")
        #expect(ring.acknowledgements > 200)
    }
}

extension VirtualRing.Node {
    /// Not between a crash and its restart.
    var isBackOrGone: Bool { keeper != nil || disk.rows.isEmpty }
}
