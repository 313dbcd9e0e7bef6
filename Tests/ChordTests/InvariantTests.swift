import Chord
import KBR
import SansIO
import Testing

/// Zave's invariant after every event of random histories.
@Suite struct InvariantTests {
    struct History {
        var breach: RingMonitor.Breach?
        var isIdealAtEnd = false
        var digest: UInt64 = 0
        var crashes = 0
    }

    /// Nodes join, crash as far as the proof allows, restart and leave; then all is quiet.
    static func history(
        seed: UInt64,
        size: Int,
        listLength: Int,
        fault: RingFault? = nil
    ) -> History {
        var network = VirtualNetwork.ring(
            of: listLength + 2,
            seed: seed,
            configuration: ChordConfiguration(successorListLength: listLength),
            fault: fault
        )
        var random = DeterministicRandom(seed: seed ^ 0x5EED)
        network.refusesConnections = seed % 2 == 0
        network.latency = .milliseconds([2, 10, 60][Int(seed % 3)])
        var history = History()
        network.monitor = RingMonitor()
        for host in network.hosts { network.monitor?.stepped(host.node) }
        network.run(for: .seconds(4))
        var downSinceQuiet = 0
        for _ in 0..<24 where network.monitor?.breach == nil {
            let up = network.clockwise
            let victim = up[Int(random.below(UInt64(up.count)))]
            // Only members, and several: a joiner whose one contact dies has nobody to ask.
            let members = up.filter { network.hosts[$0].snapshot.phase != .joining }
            let first = Int(random.below(UInt64(members.count)))
            let contacts = (0..<4).map {
                network.contact(members[(first + 5 * $0) % members.count])
            }
            switch random.below(8) {
            case 0..<4 where network.hosts.count < size:
                network.add(.join(contacts: contacts))
            case 4, 5:
                guard downSinceQuiet < listLength - 1, network.mayCrash(victim) else { break }
                network.crash(victim)
                history.crashes += 1
                downSinceQuiet += 1
            case 6 where seed % 4 < 2:
                // A departure counts as a failure for the proof.
                guard downSinceQuiet < listLength - 1, network.mayCrash(victim) else { break }
                downSinceQuiet += 1
                network.give(.leave, to: victim)
                network.run(for: .seconds(5))
                network.crash(victim)
            case 6:
                guard let down = network.hosts.indices.first(where: { !network.hosts[$0].isUp })
                else { break }
                network.restart(down, [.join(contacts: contacts)])
            default:
                if downSinceQuiet > 0 {
                    network.run(for: .seconds(20))
                    downSinceQuiet = 0
                }
            }
            network.run(for: .milliseconds(random.below(1200)))
        }
        if network.monitor?.breach == nil { network.run(for: .seconds(30)) }
        history.breach = network.monitor?.breach
        history.isIdealAtEnd = network.isIdeal
        history.digest = network.digest
        return history
    }

    @Test(arguments: [2, 3])
    func `the invariant holds after every event and quiet rings become ideal`(listLength: Int) {
        var crashes = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            let history = Self.history(seed: seed, size: 24, listLength: listLength)
            #expect(history.breach == nil, "seed \(seed)")
            #expect(history.isIdealAtEnd, "seed \(seed)")
            crashes += history.crashes
        }
        #expect(crashes > 3)
    }

    /// The original Chord is one of them.
    @Test(arguments: RingFault.allCases)
    func `a planted bug breaks the invariant or keeps the ring from becoming ideal`(
        fault: RingFault
    ) {
        let seed = (1...1000 as ClosedRange<UInt64>).first { seed in
            let history = Self.history(seed: seed, size: 24, listLength: 2, fault: fault)
            // Each step was checked, so a breach has one node to answer for it.
            if let breach = history.breach { #expect(breach.suspects.count == 1) }
            return history.breach != nil || !history.isIdealAtEnd
        }
        #expect(seed != nil, "\(fault)")
    }

    @Test func `the same seed gives the same trace`() {
        let first = Self.history(seed: 7, size: 16, listLength: 2)
        let second = Self.history(seed: 7, size: 16, listLength: 2)
        let other = Self.history(seed: 8, size: 16, listLength: 2)
        #expect(first.digest == second.digest)
        #expect(first.digest != other.digest)
    }
}
