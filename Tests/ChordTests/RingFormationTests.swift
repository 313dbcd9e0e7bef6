import Chord
import KBR
import SansIO
import Testing

@Suite struct RingFormationTests {
    @Test(arguments: [1, 2, 3, 4, 5, 8])
    func `a ring of few nodes forms`(size: Int) {
        var network = VirtualNetwork(seed: UInt64(size))
        let founder = network.add(.found)
        for _ in 1..<max(size, 1) where size > 1 {
            network.add(.join(contacts: [network.contact(founder)]))
        }
        network.run(for: .seconds(10))
        for snapshot in network.snapshots {
            #expect(snapshot.phase == (size > 3 ? .formed : .forming))
            #expect(snapshot.successors.count == min(size - 1, 3))
        }
    }
}
