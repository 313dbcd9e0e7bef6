import Chord
import KBR
import SansIO
import Testing

@Suite struct FingerTests {
    /// Of the fingers of 64 nodes in four regions, how many lie in their owner's.
    static func shareOfNearFingers(candidates: Int) throws -> Double {
        var configuration = ChordConfiguration()
        configuration.fingerCandidates = candidates
        var network = VirtualNetwork.ring(of: 64, seed: 81, configuration: configuration)
        network.regions = 4
        #expect(network.run(atMost: .seconds(60)) { $0.isIdeal })
        network.run(for: .seconds(90))
        var near = 0
        var all = 0
        for (index, host) in network.hosts.enumerated() {
            for finger in host.node.snapshot.fingers {
                let other = try #require(network.index(of: finger.id))
                all += 1
                if (index - other) % 4 == 0 { near += 1 }
            }
        }
        return Double(near) / Double(all)
    }

    @Test func `fingers are near in the network when there is a choice`() throws {
        let first = try Self.shareOfNearFingers(candidates: 1)
        let chosen = try Self.shareOfNearFingers(candidates: 16)
        #expect(first < 0.4)
        #expect(chosen > 0.6)
    }

    @Test func `a dead finger is found out by its ping`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 32, seed: 82))
        network.run(for: .seconds(120))
        network.refusesConnections = false
        let fingers = { (network: VirtualNetwork) in
            network.hosts.filter(\.isUp).flatMap { $0.node.snapshot.fingers }
        }
        let finger = try #require(fingers(network).first)
        let id = finger.id
        let victim = try #require(network.index(of: id))
        network.crash(victim)
        network.run(for: .seconds(60))
        #expect(!fingers(network).contains { $0.id == id })
    }

    /// The first question for a finger that a lone member asks.
    private static func search(by member: inout LoneMember) throws -> LoneMember.Sent {
        let own = member.node.node.id
        return try #require(
            member.wait { message in
                if case .lookup(_, let target) = message { target != own } else { false }
            }
        )
    }

    /// Five candidates for a finger, of which a member has heard of three, and its question to
    /// the third who follows it.
    private static func candidates(
        of member: inout LoneMember
    ) throws -> (nodes: [NodeHandle], question: LoneMember.Sent) {
        let lookup = try search(by: &member)
        guard case .lookup(_, let start) = lookup.message else { throw Missing.search }
        let nodes = (1...5).map { place in
            NodeHandle(
                id: start &+ LoneMember.handle(place).id,
                endpoint: Endpoint(10, 0, 0, 1, port: 4000)
            )
        }
        let sent = member.answer(lookup) {
            .lookupReply(request: $0, LookupReply(closer: [], successors: Array(nodes.prefix(3))))
        }
        return (nodes, try #require(sent.first { $0.peer == nodes[2] }))
    }

    private enum Missing: Error { case search }

    @Test func `a node that is named many times is asked once`() throws {
        var member = LoneMember()
        let (candidates, question) = try Self.candidates(of: &member)
        let again = [NodeHandle](repeating: candidates[4], count: 15)
        let sent = member.answer(question) {
            .lookupReply(
                request: $0,
                LookupReply(closer: [], successors: again + [candidates[3]])
            )
        }
        #expect(sent.count { $0.peer == candidates[4] } == 1)
        #expect(!sent.contains { $0.peer == candidates[3] })
    }
}
