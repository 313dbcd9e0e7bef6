import Chord
import KBR
import SansIO
import Testing

/// Searches for a key's replica set on rings with liars.
@Suite struct SearchTests {
    /// Of so many searches from honest nodes outside the replica set of four, how many name an
    /// honest one of it among the first four found.
    static func search(_ network: inout VirtualNetwork, count: Int, seed: UInt64) -> Int {
        var random = DeterministicRandom(seed: seed)
        let order = network.clockwise
        var found = 0
        for number in 0..<UInt64(count) {
            let key = RoutingTests.key(&random)
            let first = order.firstIndex { network.contact($0).id >= key } ?? 0
            let replicas = (0..<4).map { order[(first + $0) % order.count] }
            let askers = order.filter {
                !network.hosts[$0].isLiar && !replicas.contains($0)
            }
            let asker = askers[Int(random.below(UInt64(askers.count)))]
            let nodes = result(of: number, for: key, from: asker, in: &network)
            let honest = replicas.filter { !network.hosts[$0].isLiar }.map(network.contact)
            if nodes.prefix(4).contains(where: { honest.contains($0) }) { found += 1 }
        }
        return found
    }

    /// Runs one search to its end, at most 20 seconds.
    static func result(
        of number: UInt64,
        for key: Identifier,
        from asker: Int,
        in network: inout VirtualNetwork
    ) -> [NodeHandle] {
        network.hosts[asker].log = []
        network.give(.search(number: number, key: key), to: asker)
        func found(_ network: VirtualNetwork) -> [NodeHandle]? {
            for case .foundReplicas(number, let nodes) in network.hosts[asker].log { return nodes }
            return nil
        }
        _ = network.run(atMost: .seconds(20)) { found($0) != nil }
        return found(network) ?? []
    }

    /// A ring of 64 of which 13 lie.
    static func ringWithLiars(_ lies: Lie, seed: UInt64) throws -> VirtualNetwork {
        var network = try ring(of: 64, listLength: 4, seed: seed)
        network.lies = lies
        var random = DeterministicRandom(seed: 2)
        var liars = 0
        while liars < 13 {
            let index = Int(random.below(64))
            if !network.hosts[index].isLiar { liars += 1 }
            network.hosts[index].isLiar = true
        }
        return network
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
            let root = try #require(network.root(of: key))
            let nodes = Self.result(of: number, for: key, from: asker, in: &network)
            #expect(asker == root || nodes.first == network.contact(root))
        }
    }

    /// One in five answers every lookup with a lie; the nodes found stay honest ones.
    @Test(arguments: Lie.allCases)
    func `with a fifth of liars 99 of 100 searches name an honest replica`(lies: Lie) throws {
        var network = try Self.ringWithLiars(lies, seed: 72)
        #expect(Self.search(&network, count: 100, seed: 3) >= 99)
    }

    @Test func `invented nodes are no result, and nobody is suspected for them`() throws {
        var network = try Self.ringWithLiars(.inventions, seed: 72)
        var random = DeterministicRandom(seed: 4)
        let live = Set(network.clockwise.map { network.contact($0).id })
        let asker = try #require(network.clockwise.first { !network.hosts[$0].isLiar })
        for number in 0..<20 as Range<UInt64> {
            let key = RoutingTests.key(&random)
            let nodes = Self.result(of: number, for: key, from: asker, in: &network)
            #expect(live.isSuperset(of: nodes.map(\.id)))
        }
        network.run(for: .seconds(10))
        #expect(network.hosts[asker].node.snapshot.suspects.isEmpty)
    }

    @Test func `on a small ring a search leaves out the node that asks`() throws {
        var network = try Self.ring(of: 4, listLength: 3, seed: 75)
        var random = DeterministicRandom(seed: 5)
        for number in 0..<20 as Range<UInt64> {
            let asker = Int(number) % 4
            let key = RoutingTests.key(&random)
            let nodes = Self.result(of: number, for: key, from: asker, in: &network)
            #expect(nodes.count == 3)
            #expect(!nodes.contains(network.contact(asker)))
        }
    }

    @Test func `a search that ends before its answer tells nothing`() throws {
        var network = try Self.ring(of: 24, listLength: 3, seed: 76)
        network.hosts[0].log = []
        let key = network.contact(5).id
        network.give(.search(number: 1, key: key), to: 0)
        network.give(.endSearch(number: 1), to: 0)
        network.run(for: .seconds(5))
        #expect(
            !network.hosts[0].log.contains { effect in
                if case .foundReplicas = effect { true } else { false }
            }
        )
    }

    @Test func `a node that leaves answers its searches`() throws {
        var network = try Self.ring(of: 24, listLength: 3, seed: 77)
        network.hosts[0].log = []
        network.give(.search(number: 1, key: network.contact(5).id), to: 0)
        network.give(.leave, to: 0)
        network.run(for: .seconds(5))
        #expect(network.hosts[0].log.contains(.foundReplicas(number: 1, [])))
    }

    @Test func `a search in a ring without anyone to ask ends at once`() {
        var network = VirtualNetwork(seed: 73)
        let alone = network.add(.join(contacts: [network.handle()]))
        network.give(.search(number: 7, key: .zero), to: alone)
        #expect(network.hosts[alone].log.contains(.foundReplicas(number: 7, [])))
    }
}

enum Lie: CaseIterable {
    /// Nothing but other liars, as if they were the key's neighbourhood.
    case accomplices
    /// Nodes that do not exist, close to the key on both sides.
    case inventions
    /// Accomplices in disorder, ending just after the liar.
    case disorder
    /// Accomplices, then the liar itself: the arc seems empty.
    case itself
}

extension VirtualNetwork {
    /// What a liar makes of a lookup.
    func lie(of liar: Int, about target: Identifier) -> LookupReply {
        let own = contact(liar)
        let others = clockwise.filter { hosts[$0].isLiar && $0 != liar }.map(contact)
        let before = others.filter { Ring.isBetween(own.id, $0.id, target) }
            .sorted { target &- $0.id < target &- $1.id }
        let after = others.filter { !Ring.isBetween(own.id, $0.id, target) }
            .sorted { $0.id &- target < $1.id &- target }
        let closer = Array(before.prefix(LookupReply.limit))
        let accomplices = Array(after.prefix(configuration.successorListLength))
        switch lies {
        case .accomplices: return LookupReply(closer: closer, successors: accomplices)
        case .inventions:
            let behind = (1...4).map { invention(target &- distance($0)) }
            let beyond = (1...16).map { invention(target &+ distance($0)) }
            return LookupReply(closer: behind, successors: beyond)
        case .disorder:
            let last = invention(own.id &+ distance(1))
            return LookupReply(closer: closer, successors: accomplices + [last])
        case .itself: return LookupReply(closer: closer, successors: accomplices + [own])
        }
    }

    private func distance(_ steps: Int) -> Identifier {
        Identifier(words: (0, 0, 0, UInt64(steps)))
    }

    private func invention(_ id: Identifier) -> NodeHandle {
        NodeHandle(id: id, endpoint: Endpoint(10, 6, 6, 6, port: 666))
    }
}
