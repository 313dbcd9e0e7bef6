import PROSTNode
import PROSTSimulator
import SansIO
import Testing

@Suite struct BudgetTests {
    /// Work done is never more than fuel injected, whatever the network does.
    @Test(arguments: [21, 22, 23])
    func `no fuel is made by loss, repeats and reroutes`(seed: UInt64) throws {
        var settings = try TestRing.settings(seed: seed)
        settings.resetsPer1024 = 10
        settings.duplicatesPer1024 = 300
        let ring = try TestRing(size: 8, settings)
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        try ring.deploy(Peerlet("trace/trace.pasm"), at: 0)
        try #require(ring.replicate("dht"))
        var fallen = BudgetLedger()
        var random = DeterministicRandom(seed: seed)
        for number in 0..<60 {
            let index = ring.live[Int(random.below(UInt64(ring.live.count)))]
            _ = ring.start("dht", "put", key: "\(number % 7)", payload: [1, 2], at: index)
            _ = ring.start("trace", "probe", key: "\(number)", at: 0)
            if number == 30 {
                fallen = try #require(ring.simulation.hosts[7].node?.ledger)
                ring.simulation.crash(7)
            }
            for _ in 0..<20 {
                ring.simulation.run(for: .milliseconds(1))
                check(ring, fallen)
            }
        }
        ring.simulation.run(for: .seconds(20))
        check(ring, fallen)
    }

    private func check(_ ring: TestRing, _ fallen: BudgetLedger) {
        var injected = fallen.injected
        var spent = fallen.spent
        for index in ring.simulation.hosts.indices {
            guard let node = ring.simulation.hosts[index].node else { continue }
            injected += node.ledger.injected
            spent += node.ledger.spent
            let holds = node.fuelHeld
            #expect(node.ledger.held == holds, "node \(index) at \(ring.simulation.now)")
        }
        #expect(spent <= injected)
    }
}
