import Chord
import KBR
import SansIO
import Testing

/// Searches for a key's replica set on rings with liars.
@Suite struct SearchTests {
    /// Of so many searches from honest nodes, how many name an honest one of the four nodes that
    /// follow the key among the first four found.
    static func search(
        _ network: inout VirtualNetwork,
        count: Int,
        seed: UInt64
    ) -> (found: Int, messages: Int) {
        var random = DeterministicRandom(seed: seed)
        let honest = network.clockwise.filter { !network.hosts[$0].isLiar }
        let order = network.clockwise.map { network.contact($0).id }
        let before = network.messages
        var found = 0
        for number in 0..<UInt64(count) {
            let asker = honest[Int(random.below(UInt64(honest.count)))]
            let key = RoutingTests.key(&random)
            network.hosts[asker].log = []
            network.give(.search(number: number, key: key), to: asker)
            network.run(for: .milliseconds(500))
            let first = order.firstIndex { $0 >= key } ?? 0
            let replicas = (0..<4).map { order[(first + $0) % order.count] }
            for case .foundReplicas(number, let nodes) in network.hosts[asker].log {
                let isServed = nodes.prefix(4).contains { node in
                    replicas.contains(node.id)
                        && network.index(of: node.id).map { !network.hosts[$0].isLiar } == true
                }
                if isServed || replicas.contains(network.contact(asker).id) { found += 1 }
            }
        }
        return (found, network.messages - before)
    }

    static func ring(of size: Int, listLength: Int, seed: UInt64) throws -> VirtualNetwork {
        let configuration = ChordConfiguration(successorListLength: listLength)
        var network = try #require(
            VirtualNetwork.idealRing(of: size, seed: seed, configuration: configuration)
        )
        network.run(for: .seconds(20))
        return network
    }

    @Test func `a search on an honest ring finds the root first`() throws {
        var network = try Self.ring(of: 24, listLength: 3, seed: 71)
        var random = DeterministicRandom(seed: 1)
        for number in 0..<40 as Range<UInt64> {
            let key = RoutingTests.key(&random)
            let asker = Int(number) % 24
            network.hosts[asker].log = []
            network.give(.search(number: number, key: key), to: asker)
            network.run(for: .seconds(2))
            let root = try #require(network.root(of: key))
            let result = network.hosts[asker].log.compactMap { effect in
                if case .foundReplicas(number, let nodes) = effect { nodes } else { nil }
            }
            #expect(result.count == 1)
            #expect(asker == root || result.first?.first == network.contact(root))
        }
    }

    /// One in five answers every lookup with accomplices; the nodes found stay honest ones.
    @Test func `with a fifth of liars 99 of 100 searches name an honest replica`() throws {
        var network = try Self.ring(of: 64, listLength: 4, seed: 72)
        var random = DeterministicRandom(seed: 2)
        var liars = 0
        while liars < 13 {
            let index = Int(random.below(64))
            if !network.hosts[index].isLiar { liars += 1 }
            network.hosts[index].isLiar = true
        }
        let result = Self.search(&network, count: 300, seed: 3)
        print("64 nodes, 13 liars: \(result.found) of 300")
        #expect(result.found >= 297)
    }

    @Test func `a search in a ring without anyone to ask ends at once`() {
        var network = VirtualNetwork(seed: 73)
        let alone = network.add(.join(contacts: [network.handle()]))
        network.give(.search(number: 7, key: .zero), to: alone)
        #expect(network.hosts[alone].log.contains(.foundReplicas(number: 7, [])))
    }
}

extension VirtualNetwork {
    /// What a liar makes of a lookup: accomplices before the target, and accomplices after it.
    func lie(of liar: Int, about target: Identifier) -> LookupReply {
        let own = contact(liar)
        let others = clockwise.filter { hosts[$0].isLiar && $0 != liar }.map(contact)
        let before = others.filter { Ring.isBetween(own.id, $0.id, target) }
            .sorted { target &- $0.id < target &- $1.id }
        let after = others.filter { !Ring.isBetween(own.id, $0.id, target) }
            .sorted { $0.id &- target < $1.id &- target }
        return LookupReply(
            closer: Array(before.prefix(LookupReply.limit)),
            successors: Array(after.prefix(configuration.successorListLength))
        )
    }
}
