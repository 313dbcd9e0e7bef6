import Chord
import KBR
import SansIO

extension VirtualNetwork {
    var invariants: RingInvariants { RingInvariants(snapshots) }

    /// Whether all live nodes form one ideal ring.
    var isIdeal: Bool {
        let invariants = invariants
        return invariants.isIdeal && invariants.memberCount == hosts.count { $0.isUp }
    }

    /// A founder and `size - 1` nodes that all join at once through it.
    static func ring(
        of size: Int,
        seed: UInt64,
        configuration: ChordConfiguration = ChordConfiguration(),
        fault: RingFault? = nil
    ) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed, configuration: configuration)
        network.fault = fault
        network.add(.found)
        for _ in 1..<size { network.add(.join(contacts: [network.contact(0)])) }
        return network
    }

    /// The same, run until it is ideal; nil if that takes more than a virtual minute.
    static func idealRing(
        of size: Int,
        seed: UInt64,
        configuration: ChordConfiguration = ChordConfiguration()
    ) -> VirtualNetwork? {
        var network = ring(of: size, seed: seed, configuration: configuration)
        return network.run(atMost: .seconds(60)) { $0.isIdeal } ? network : nil
    }

    /// Indices of live hosts, clockwise.
    var clockwise: [Int] {
        hosts.indices.filter { hosts[$0].isUp }
            .sorted { hosts[$0].node.node.id < hosts[$1].node.node.id }
    }

    /// The live host that is the true root of a key.
    func root(of key: Identifier) -> Int? {
        let order = clockwise
        return order.first { hosts[$0].node.node.id >= key } ?? order.first
    }

    func index(of id: Identifier) -> Int? {
        hosts.firstIndex { $0.isUp && $0.node.node.id == id }
    }

    /// Follows next hops from a host; the root and the number of hops, nil if it got lost.
    func route(_ key: Identifier, from start: Int) -> (root: Int, hops: Int)? {
        var current = start
        for hops in 0..<64 {
            switch hosts[current].node.nextHop(toward: key, avoiding: { _ in false }) {
            case .deliverHere: return (current, hops)
            case .forward(let peer):
                guard let next = index(of: peer.id) else { return nil }
                current = next
            case .unknown: return nil
            }
        }
        return nil
    }

    /// Whether Zave's proof allows this host to fail now: everyone else keeps a live entry, and
    /// r + 1 principals remain.
    func mayCrash(_ victim: Int) -> Bool {
        let rest = hosts.indices.filter { $0 != victim && hosts[$0].isUp }
            .map { hosts[$0].snapshot }
        let members = rest.filter { $0.phase == .formed }
        let live = Set(members.map(\.node.id))
        guard
            members.allSatisfy({ snapshot in
                snapshot.successors.contains { live.contains($0.id) }
            })
        else { return false }
        return RingInvariants(rest).violations.isEmpty
    }
}
