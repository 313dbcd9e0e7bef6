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
}
