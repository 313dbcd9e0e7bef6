import Chord
import KBR
import SansIO
import Testing

@Suite struct RingMaintenanceTests {
    @Test(arguments: [(24, 1), (64, 2)] as [(Int, UInt64)])
    func `many nodes that join at once become one ideal ring`(size: Int, seed: UInt64) {
        var network = VirtualNetwork.ring(of: size, seed: seed)
        #expect(network.run(atMost: .seconds(30)) { $0.isIdeal })
    }

    @Test(arguments: [true, false])
    func `up to r - 1 adjacent nodes crash and the ring heals in seconds`(refuses: Bool) throws {
        var configuration = ChordConfiguration(successorListLength: 4)
        configuration.suspicionSpan = .seconds(60)
        var network = try #require(
            VirtualNetwork.idealRing(of: 16, seed: 3, configuration: configuration)
        )
        network.refusesConnections = refuses
        for victim in network.clockwise[5..<8] { network.crash(victim) }
        #expect(!network.isIdeal)
        #expect(network.run(atMost: .seconds(refuses ? 5 : 15)) { $0.isIdeal })
    }

    @Test func `a node that leaves is gone from its neighbours at once`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 12, seed: 4))
        let order = network.clockwise
        let (before, leaver, after) = (order[2], order[3], order[4])
        network.give(.leave, to: leaver)
        network.run(for: .milliseconds(300))
        #expect(network.hosts[leaver].log.last == .left)
        #expect(network.hosts[before].node.snapshot.successors.first == network.contact(after))
        #expect(network.hosts[after].node.snapshot.predecessor == network.contact(before))
        network.crash(leaver)
        #expect(network.run(atMost: .seconds(5)) { $0.isIdeal })
    }

    @Test func `all nodes but one leave and the last one serves the whole circle`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 5, seed: 5))
        for leaver in network.clockwise.dropLast() {
            network.give(.leave, to: leaver)
            network.run(for: .seconds(3))
            network.crash(leaver)
        }
        let last = try #require(network.clockwise.first)
        let neighborhood = network.hosts[last].node.neighborhood
        #expect(neighborhood.range?.isWholeCircle == true)
        #expect(network.hosts[last].node.isRoot(of: .zero) == .yes)
        network.add(.join(contacts: [network.contact(last)]))
        network.add(.join(contacts: [network.contact(last)]))
        network.run(for: .seconds(10))
        #expect(network.clockwise.allSatisfy { network.hosts[$0].snapshot.successors.count == 2 })
    }

    @Test func `one lost message in ten suspects nobody for long`() {
        var network = VirtualNetwork.ring(of: 12, seed: 6)
        network.lossPerMille = 100
        #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
        network.lossPerMille = 0
        network.run(for: .seconds(10))
        #expect(network.isIdeal)
    }

    @Test func `a crashed node restarts and is a member again`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 8, seed: 7))
        let victim = network.clockwise[3]
        network.crash(victim)
        network.run(for: .milliseconds(20))
        network.restart(victim, [.join(contacts: [network.contact(network.clockwise[0])])])
        #expect(network.run(atMost: .seconds(15)) { $0.isIdeal })
    }

    @Test func `everyone queries its successor at once and the ring still moves on`() throws {
        var configuration = ChordConfiguration(successorListLength: 3)
        configuration.stabilizePeriod = .milliseconds(500)
        var network = try #require(
            VirtualNetwork.idealRing(of: 12, seed: 8, configuration: configuration)
        )
        // Steps of 200 ms and more in a period of 500 ms: nearly everyone is always in one.
        network.latency = .milliseconds(100)
        network.add(.join(contacts: [network.contact(0)]))
        network.crash(network.clockwise[6])
        #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
    }

    @Test func `a join storm on a formed ring settles`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 6, seed: 9))
        for joiner in 0..<24 {
            network.add(.join(contacts: [network.contact(joiner % 6)]))
        }
        #expect(network.run(atMost: .seconds(30)) { $0.isIdeal })
    }

    @Test func `a lone survivor takes in who restarts`() throws {
        var configuration = ChordConfiguration(successorListLength: 2)
        configuration.suspicionSpan = .seconds(5)
        var network = try #require(
            VirtualNetwork.idealRing(of: 3, seed: 10, configuration: configuration)
        )
        let survivor = network.clockwise[0]
        let victims = Array(network.clockwise[1...])
        for victim in victims { network.crash(victim) }
        network.run(for: .seconds(3))
        #expect(network.hosts[survivor].node.isRoot(of: .zero) == .unsure)
        for victim in victims {
            network.restart(victim, [.join(contacts: [network.contact(survivor)])])
        }
        #expect(network.run(atMost: .seconds(30)) { $0.isIdeal })
    }

    @Test func `the epoch grows with every change and quiet rings announce nothing`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 8, seed: 11))
        network.run(for: .seconds(10))
        for index in network.hosts.indices { network.hosts[index].log = [] }
        network.run(for: .seconds(20))
        #expect(network.hosts.allSatisfy { $0.log.isEmpty })
        let before = network.hosts.map(\.node.neighborhood.epoch)
        network.add(.join(contacts: [network.contact(0)]))
        network.run(for: .seconds(10))
        let grown = zip(network.hosts, before).filter { $0.node.neighborhood.epoch > $1 }
        #expect(grown.count >= 4)
    }
}
