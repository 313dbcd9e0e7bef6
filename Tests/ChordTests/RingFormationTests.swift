import Chord
import KBR
import SansIO
import Testing

@Suite struct RingFormationTests {
    @Test(arguments: [1, 2, 3, 4, 5, 8])
    func `a ring of few nodes forms`(size: Int) {
        var network = VirtualNetwork.ring(of: size, seed: UInt64(size))
        network.run(for: .seconds(10))
        for (index, snapshot) in network.snapshots.enumerated() {
            #expect(snapshot.phase == (size > 3 ? .formed : .forming))
            #expect(snapshot.successors.count == min(size - 1, 3))
            #expect(network.hosts[index].node.neighborhood.isForming == (size <= 3))
            #expect(network.hosts[index].log.count { $0 == .joined } == 1)
        }
    }

    @Test func `while forming all members replicate every key and know their ranges`() {
        var network = VirtualNetwork.ring(of: 3, seed: 31)
        network.run(for: .seconds(3))
        let order = network.clockwise
        let root = network.contact(order[1]).id
        for index in order {
            let set = network.hosts[index].node.replicaSet(of: root, count: 4)
            #expect(set.isComplete)
            #expect(set.members.map(\.id) == [1, 2, 0].map { network.contact(order[$0]).id })
            #expect(network.hosts[index].node.isRoot(of: root) == (index == order[1] ? .yes : .no))
        }
    }

    @Test func `members agree on one list at every moment of admission`() {
        var network = VirtualNetwork.ring(of: 4, seed: 32)
        network.run(for: .seconds(5)) { network in
            let rosters = network.snapshots.filter { $0.phase == .forming }
                .compactMap(\.roster)
            // One admission at a time: versions in use differ by one step at most.
            let versions = rosters.map(\.version)
            #expect((versions.max() ?? 0) - (versions.min() ?? 0) <= 1)
        }
        #expect(network.isIdeal)
    }

    @Test func `commits are stored before anyone is told`() {
        var network = VirtualNetwork.ring(of: 4, seed: 33)
        network.run(for: .seconds(5))
        for host in network.hosts {
            let records = host.log.compactMap { effect in
                if case .formed(let record) = effect { record } else { nil }
            }
            #expect(records.count == 1)
            #expect(records.first?.contacts.count == 3)
        }
    }

    @Test func `a member that dies while forming is removed and another takes its place`() {
        var network = VirtualNetwork.ring(of: 3, seed: 34)
        network.run(for: .seconds(3))
        network.crash(2)
        network.run(for: .seconds(3))
        #expect(network.hosts[0].snapshot.roster?.members.count == 2)
        network.add(.join(contacts: [network.contact(1)]))
        network.add(.join(contacts: [network.contact(0)]))
        #expect(network.run(atMost: .seconds(10)) { $0.isIdeal })
    }

    @Test(arguments: [true, false])
    func `the oldest member takes a dead founder's place`(refuses: Bool) {
        var network = VirtualNetwork.ring(of: 3, seed: 35)
        network.refusesConnections = refuses
        network.run(for: .seconds(3))
        network.crash(0)
        network.run(for: .seconds(10))
        let rosters = network.snapshots.compactMap(\.roster)
        #expect(rosters.count == 2)
        #expect(rosters.allSatisfy { $0.term == 2 && $0.members.count == 2 })
        network.add(.join(contacts: [network.contact(1)]))
        network.add(.join(contacts: [network.contact(2)]))
        #expect(network.run(atMost: .seconds(20)) { $0.isIdeal })
    }

    @Test func `a founder that restarts alone collects its members again`() {
        var network = VirtualNetwork.ring(of: 3, seed: 36)
        network.run(for: .seconds(3))
        network.crash(0)
        network.restart(0, [.found])
        network.run(for: .seconds(15))
        let rosters = network.snapshots.compactMap(\.roster)
        #expect(rosters.count == 3)
        #expect(rosters.allSatisfy { $0 == rosters[0] && $0.members.count == 3 })
    }

    @Test func `a founder that remembers a formed ring does not found another`() {
        var network = VirtualNetwork(seed: 37)
        let peer = network.handle()
        let index = network.add(.restore(RingRecord(contacts: [peer])))
        network.give(.found, to: index)
        #expect(network.hosts[index].log.contains(.joinFailed(.ringAlreadyFormed)))
        #expect(network.hosts[index].snapshot.phase == .outside)
    }

    @Test func `a joiner whose contact is no member says so and goes on trying`() {
        var network = VirtualNetwork(seed: 38)
        let contact = network.add(.restore(RingRecord(contacts: [])))
        let joiner = network.add(.join(contacts: [network.contact(contact)]))
        network.run(for: .seconds(1))
        #expect(network.hosts[joiner].log.contains(.joinFailed(.contactsOutsideRing)))
        let late = network.add(.found)
        network.give(.join(contacts: [network.contact(late)]), to: contact)
        network.run(for: .seconds(30))
        #expect(network.snapshots.allSatisfy { $0.roster?.members.count == 3 })
    }

    @Test func `a joiner whose contact is dead says so`() {
        var network = VirtualNetwork(seed: 39)
        let contact = network.handle()
        let joiner = network.add(.join(contacts: [contact]))
        network.run(for: .seconds(10))
        #expect(network.hosts[joiner].log.contains(.joinFailed(.noContactAnswered)))
    }

    @Test func `a founder that dies in the middle of the commit leaves one ring`() {
        for seed in 40..<60 as Range<UInt64> {
            var network = VirtualNetwork.ring(of: 4, seed: seed)
            var isCommitted = false
            network.run(for: .seconds(10)) { network in
                guard !isCommitted, network.hosts[0].snapshot.phase == .formed else { return }
                isCommitted = true
                // Some of its messages are on the way; drop those of an unlucky member.
                network.side[1 + Int(seed % 3)] = 1
                network.crash(0)
            }
            network.side = [:]
            network.restart(
                0,
                [
                    .restore(RingRecord(contacts: [network.contact(1), network.contact(2)])),
                    .join(contacts: [network.contact(3)]),
                ]
            )
            #expect(network.run(atMost: .seconds(60)) { $0.isIdeal }, "seed \(seed)")
        }
    }
}
