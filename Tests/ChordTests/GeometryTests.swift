import Chord
import KBR
import SansIO
import Testing

@Suite struct GeometryTests {
    private static func configuration(_ geometry: Geometry) -> ChordConfiguration {
        var configuration = ChordConfiguration()
        configuration.geometry = geometry
        return configuration
    }

    /// The most hops of routes from every node to keys of every range; nil if one goes astray.
    private static func mostHops(_ network: VirtualNetwork) -> Int? {
        var most = 0
        for start in network.clockwise {
            for owner in network.clockwise {
                let key = network.contact(owner).id &- .powerOfTwo(8)
                guard let route = network.route(key, from: start),
                    route.root == network.root(of: key)
                else { return nil }
                most = max(most, route.hops)
            }
        }
        return most
    }

    private static func ring(
        _ geometry: Geometry,
        of size: Int,
        seed: UInt64
    ) throws -> VirtualNetwork {
        var network = try #require(
            VirtualNetwork.idealRing(of: size, seed: seed, configuration: configuration(geometry))
        )
        network.run(for: .seconds(60))
        return network
    }

    @Test(arguments: [5, 24, 60])
    func `with a table of all members every key is one hop away`(size: Int) throws {
        let network = try Self.ring(.oneHop, of: size, seed: 91)
        #expect(Self.mostHops(network) == 1)
        for index in network.clockwise {
            #expect(network.hosts[index].node.snapshot.knownMembers == size - 1)
        }
    }

    @Test func `tables follow nodes that fall and nodes that come`() throws {
        var network = try Self.ring(.oneHop, of: 24, seed: 92)
        for round in 0..<3 {
            network.crash(network.clockwise[round * 5])
            network.add(.join(contacts: [network.contact(network.clockwise[0])]))
            #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
            // While tables are behind, no route goes astray.
            #expect(Self.mostHops(network) != nil)
            network.run(for: .seconds(30))
            #expect(Self.mostHops(network) == 1)
        }
    }

    @Test func `with successors only a route walks the ring by their number`() throws {
        let network = try Self.ring(.successors, of: 25, seed: 93)
        #expect(Self.mostHops(network) == 8)
        #expect(network.hosts.allSatisfy { $0.node.snapshot.fingers.isEmpty })
    }

    @Test func `nodes of all geometries share one ring`() throws {
        var network = VirtualNetwork(seed: 94, configuration: Self.configuration(.chord))
        network.add(.found)
        for index in 1..<30 {
            network.configuration = Self.configuration(Geometry.allCases[index % 3])
            network.add(.join(contacts: [network.contact(0)]))
        }
        #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
        network.run(for: .seconds(60))
        #expect(try #require(Self.mostHops(network)) <= 9)
        for index in network.clockwise
        where network.hosts[index].node.configuration.geometry == .oneHop {
            #expect(network.hosts[index].node.snapshot.knownMembers == 29)
        }
    }

    @Test(arguments: [
        ChordMessage.membersReply(request: 0, []), .pong(request: 0, isMember: true),
        .busy(request: 0),
    ])
    func `who tells of no members does not hold up the walk`(answer: ChordMessage) throws {
        let configuration = Self.configuration(.oneHop)
        var network = VirtualNetwork.ring(of: 24, seed: 97, configuration: configuration)
        for index in [5, 11] {
            network.hosts[index].membersReply = { answer.renumbered($0) }
        }
        #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
        network.run(for: .seconds(60))
        #expect(network.hosts.allSatisfy { $0.node.snapshot.knownMembers == 23 })
        #expect(Self.mostHops(network) == 1)
    }

    @Test func `pages that lie cost no key and no memory`() throws {
        var network = try Self.ring(.oneHop, of: 8, seed: 95)
        var random = DeterministicRandom(seed: 96)
        let liar = 3
        for _ in 0..<2000 {
            let page = (0..<random.below(65)).map { _ in network.handle() }
            let target = Int(random.below(8))
            guard target != liar else { continue }
            // Most numbers are of no open request; those that are count as the liar's answer.
            let reply = ChordMessage.membersReply(request: random.below(400), page)
            network.give(.message(reply, from: network.contact(liar)), to: target)
        }
        let known = network.hosts.map { $0.node.snapshot.knownMembers }
        #expect(known.allSatisfy { $0 < 7 + 2 * 64 })
        network.run(for: .seconds(120))
        #expect(Self.mostHops(network) == 1)
        #expect(network.hosts.allSatisfy { $0.node.snapshot.knownMembers == 7 })
    }
}
