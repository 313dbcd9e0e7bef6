internal import Chord
internal import KBR
internal import PROSTNode
package import SansIO

/// Machines that come and go on a ring, and who of them is a member.
package final class Population {
    package unowned let simulation: Simulation
    package private(set) var membership = Membership()
    /// Machines that are up, in no order that means anything.
    package private(set) var live: [Int] = []
    /// Where each machine stands in `live`, -1 if it does not.
    private var places: [Int32] = []
    /// Called when `live` has changed.
    package var liveChanged: (([Int]) -> Void)?
    package private(set) var joins: UInt64 = 0
    package private(set) var departures: UInt64 = 0
    private var random: DeterministicRandom

    package init(_ simulation: Simulation) {
        self.simulation = simulation
        random = simulation.stream("population")
        simulation.eventObserver = { [weak self] host, event in self?.happened(event, at: host) }
    }

    /// Evenly spaced or drawn identifiers for machines of the start.
    package func addMachines(_ count: Int, evenlySpaced: Bool) {
        simulation.reserve(count)
        for index in 0..<count {
            simulation.addHost(evenlySpaced ? Self.even(index, of: count) : nil)
        }
    }

    private static func even(_ index: Int, of count: Int) -> Identifier {
        // Floor of index * 2^256 / count, word by word.
        var words: [UInt64] = []
        var carry = UInt64(index)
        for _ in 0..<4 {
            let (quotient, remainder) = UInt64(count).dividingFullWidth((carry, 0))
            words.append(quotient)
            carry = remainder
        }
        return Identifier(words: (words[0], words[1], words[2], words[3]))
    }

    /// All machines form an ideal ring at once.
    package func startIdeal(listLength: Int) throws {
        let ring = IdealRing(
            simulation.hosts.enumerated().map { ($0.offset, $0.element.handle) }
        )
        for position in 0..<ring.count {
            let index = ring.index(at: position)
            try simulation.start(index, at: ring.place(at: position, listLength: listLength))
        }
    }

    /// The first machine founds the ring and the others join, one after each interval.
    package func startJoining(every interval: TimeSpan) throws {
        try simulation.start(0)
        for index in simulation.hosts.indices.dropFirst() {
            simulation.schedule(at: simulation.now + interval * UInt64(index)) { [weak self] _ in
                self?.start(index)
            }
        }
    }

    /// A new machine with an identifier of its own joins.
    @discardableResult
    package func joinNew() -> Int {
        let index = simulation.addHost()
        start(index)
        return index
    }

    /// Starts a machine that joins through members chosen at random.
    package func start(_ index: Int) {
        guard !simulation.hosts[index].isUp else { return }
        let members = membership.indices.isEmpty ? live : membership.indices
        guard !members.isEmpty else { return }
        let contacts = (0..<3).map { _ in
            members[Int(truncatingIfNeeded: random.below(UInt64(members.count)))]
        }
        // A disk that cannot be read keeps its machine down; simulated ones can.
        guard (try? simulation.start(index, joining: contacts)) != nil else { return }
        joins += 1
        add(index)
    }

    package func crash(_ index: Int, wipingDisk: Bool = false) {
        guard simulation.hosts[index].isUp else { return }
        simulation.crash(index, wipingDisk: wipingDisk)
        departures += 1
        remove(index)
    }

    /// Leaves properly and goes down when the hand-over is done.
    package func leave(_ index: Int) {
        guard simulation.hosts[index].isUp else { return }
        departures += 1
        remove(index)
        simulation.leave(index)
    }

    /// A live machine, each equally likely.
    package func randomLive() -> Int? {
        live.isEmpty ? nil : live[Int(truncatingIfNeeded: random.below(UInt64(live.count)))]
    }

    private func happened(_ event: NodeEvent, at host: Int) {
        guard event.name == "ring.joined", simulation.hosts[host].isUp else { return }
        membership.insert(host, simulation.hosts[host].handle.id)
        add(host)
    }

    private func add(_ index: Int) {
        while places.count <= index { places.append(-1) }
        guard places[index] < 0 else { return }
        places[index] = Int32(truncatingIfNeeded: live.count)
        live.append(index)
        liveChanged?(live)
    }

    private func remove(_ index: Int) {
        membership.remove(simulation.hosts[index].handle.id)
        guard index < places.count, places[index] >= 0, let last = live.popLast() else { return }
        let place = Int(places[index])
        if last != index {
            live[place] = last
            places[last] = Int32(truncatingIfNeeded: place)
        }
        places[index] = -1
        liveChanged?(live)
    }
}
