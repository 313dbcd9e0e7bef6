import Chord
import KBR
import SansIO
import Testing

@Suite struct RoutingTests {
    static func key(_ random: inout DeterministicRandom) -> Identifier {
        Identifier(words: (random.next(), random.next(), random.next(), random.next()))
    }

    @Test(arguments: [1, 3, 4, 24, 64])
    func `lookups from every node reach the true root in about half of log2 N hops`(
        size: Int
    ) throws {
        var network = VirtualNetwork.ring(of: size, seed: UInt64(size))
        network.run(for: .seconds(60))
        var random = DeterministicRandom(seed: 99)
        var hops = 0
        var routes = 0
        for start in network.hosts.indices {
            for _ in 0..<20 {
                let key = Self.key(&random)
                let route = try #require(network.route(key, from: start))
                #expect(route.root == network.root(of: key))
                #expect(network.hosts[route.root].node.isRoot(of: key) == .yes)
                hops += route.hops
                routes += 1
            }
        }
        // ½ log2 N, with the last hop through the successor list, and one hop of slack.
        let half = Double(Int.bitWidth - size.leadingZeroBitCount) / 2
        #expect(Double(hops) / Double(routes) <= half + 1)
        if size == 64 {
            #expect(Double(hops) / Double(routes) > 1.5)
            let fingers = network.hosts.map { $0.node.snapshot.fingers.count }
            #expect(fingers.allSatisfy { 2...8 ~= $0 })
        }
    }

    @Test func `a hop that is to be avoided is passed by`() throws {
        let network = try #require(VirtualNetwork.idealRing(of: 16, seed: 21))
        let order = network.clockwise
        let own = network.hosts[order[0]].node
        let key = network.contact(order[1]).id
        #expect(
            own.nextHop(toward: key, avoiding: { _ in false })
                == .forward(network.contact(order[1]))
        )
        #expect(
            own.nextHop(toward: key, avoiding: { $0 == key })
                == .forward(network.contact(order[2]))
        )
        let nowhere = own.nextHop(toward: key, avoiding: { _ in true })
        #expect(nowhere == .unknown)
    }

    @Test func `the common API answers from the ring as it is`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 16, seed: 22))
        network.run(for: .seconds(5))
        let order = network.clockwise
        let node = network.hosts[order[4]].node
        let at = { (offset: Int) in network.contact(order[(4 + offset + 16) % 16]) }

        #expect(node.neighborSet(count: 4) == [at(1), at(-1), at(2), at(-2)])
        #expect(node.replicaSet(of: at(0).id, count: 3).members == [at(0), at(1), at(2)])
        #expect(node.replicaSet(of: at(0).id, count: 3).isComplete)
        let long = node.replicaSet(of: at(0).id, count: 9)
        #expect(long.members == [at(0), at(1), at(2), at(3)])
        #expect(!long.isComplete)
        #expect(node.replicaSet(of: at(8).id, count: 1).members.isEmpty)
        #expect(node.replicaSet(of: at(2).id, count: 2).members == [at(2), at(3)])

        #expect(
            node.range(of: at(0).id, rank: 0, cumulative: false)
                == RingInterval(after: at(-1).id, through: at(0).id)
        )
        #expect(
            node.range(of: at(0).id, rank: 1, cumulative: false)
                == RingInterval(after: at(-2).id, through: at(-1).id)
        )
        #expect(
            node.range(of: at(0).id, rank: 2, cumulative: true)
                == RingInterval(after: at(-3).id, through: at(0).id)
        )
        #expect(node.range(of: at(8).id, rank: 0, cumulative: false) == nil)

        #expect(node.isRoot(of: at(0).id) == .yes)
        #expect(node.isRoot(of: at(1).id) == .no)
        #expect(node.isRoot(of: at(-1).id) == .no)
        #expect(node.localLookup(at(1).id, count: 1, safe: true) == [at(1)])
        #expect(node.localLookup(at(0).id, count: 1, safe: true) == [at(0)])
        let far = node.localLookup(at(10).id, count: 3, safe: false)
        let safe = node.localLookup(at(10).id, count: 3, safe: true)
        #expect(safe == [at(3), at(2), at(1)])
        #expect(far.first != safe.first)
    }

    @Test func `a whole ring of four is known to each of them`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 4, seed: 23))
        network.run(for: .seconds(5))
        let order = network.clockwise
        let at = { (offset: Int) in network.contact(order[(offset + 8) % 4]) }
        for (position, index) in order.enumerated() {
            let node = network.hosts[index].node
            for root in 0..<4 {
                let set = node.replicaSet(of: at(root).id, count: 9)
                #expect(set.isComplete)
                #expect(set.members == (0..<4).map { at(root + $0) })
            }
            #expect(
                node.range(of: at(position).id, rank: 3, cumulative: false)
                    == RingInterval(after: at(position).id, through: at(position + 1).id)
            )
            #expect(
                node.range(of: at(position).id, rank: 3, cumulative: true)?.isWholeCircle == true
            )
            #expect(node.range(of: at(position).id, rank: 4, cumulative: false) == nil)
            #expect(node.snapshot.estimatedSize == 4)
        }
    }

    @Test func `the size is estimated from the density of the list`() throws {
        let network = try #require(VirtualNetwork.idealRing(of: 64, seed: 24))
        let estimates = network.hosts.map { $0.node.snapshot.estimatedSize }.sorted()
        #expect(32...128 ~= estimates[32])
    }

    @Test func `a node outside or joining is unsure of everything`() {
        var network = VirtualNetwork(seed: 25)
        let stranger = network.handle()
        let node = network.add(.join(contacts: [stranger]))
        network.run(for: .seconds(1))
        let own = network.hosts[node].node
        #expect(own.isRoot(of: .zero) == .unsure)
        #expect(own.nextHop(toward: .zero, avoiding: { _ in false }) == .unknown)
        #expect(!own.replicaSet(of: .zero, count: 1).isComplete)
        #expect(own.range(of: own.node.id, rank: 0, cumulative: false) == nil)
    }

    @Test func `a node cut off from its predecessor becomes unsure of its range`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 8, seed: 26))
        network.run(for: .seconds(5))
        let index = network.clockwise[0]
        let own = network.contact(index).id
        #expect(network.hosts[index].node.isRoot(of: own) == .yes)
        network.side[index] = 1
        network.run(for: .seconds(8))
        #expect(network.hosts[index].node.isRoot(of: own) == .unsure)
    }
}
