internal import PROSTNode
package import SansIO

/// One thing that befalls a part of the machines at a time.
package struct Fault: Sendable {
    package enum Disk: Sendable {
        case old
        case wiped
    }

    package enum Kind: Sendable {
        /// Machines fall, all at once; they may start again after a while.
        case kill(restart: Disk?, after: TimeSpan)
        /// Machines whose identifiers follow each other fall at once.
        case correlated
        case partition(TimeSpan, oneWay: Bool)
        case pause(TimeSpan)
        case slow(TimeSpan, factor: UInt64)
        /// As many new machines join within the time.
        case flash(TimeSpan)
        /// From then on machines pass messages on to a neighbour chosen by chance.
        case misroute
    }

    package var kind: Kind
    /// Machines in a million.
    package var perMillion: UInt64

    package init(kind: Kind, perMillion: UInt64) {
        self.kind = kind
        self.perMillion = perMillion
    }

    /// Makes it happen now.
    package func strike(_ population: Population) {
        let simulation = population.simulation
        let victims = choose(from: population)
        switch kind {
        case .correlated: for index in victims { population.crash(index) }
        case .kill(let disk, let span):
            for index in victims { population.crash(index, wipingDisk: disk == .wiped) }
            guard disk != nil else { return }
            simulation.schedule(at: simulation.now + span) { _ in
                for index in victims { population.start(index) }
            }
        case .partition(let span, let oneWay):
            for index in victims { simulation.setSide(1, of: index) }
            simulation.cut(from: 0, to: 1)
            if !oneWay { simulation.cut(from: 1, to: 0) }
            simulation.schedule(at: simulation.now + span) { $0.heal() }
        case .pause(let span):
            for index in victims { simulation.pause(index, until: simulation.now + span) }
        case .slow(let span, let factor):
            for index in victims { simulation.setSlowness(factor, of: index) }
            simulation.schedule(at: simulation.now + span) { simulation in
                for index in victims { simulation.setSlowness(1, of: index) }
            }
        case .misroute: for index in victims { simulation.plant(.misroutes, at: index) }
        case .flash(let span):
            for place in victims.indices {
                let wait = span.scaled(by: UInt64(place), over: UInt64(victims.count))
                simulation.schedule(at: simulation.now + wait) { _ in population.joinNew() }
            }
        }
    }

    private func choose(from population: Population) -> [Int] {
        var random = population.simulation.stream("fault")
        var machines = population.membership.indices
        let count = Int(clamping: UInt64(machines.count) * perMillion / 1_000_000)
        guard count > 0 else { return [] }
        if case .correlated = kind {
            let first = Int(clamping: random.below(UInt64(machines.count)))
            return (0..<count).map { machines[(first + $0) % machines.count] }
        }
        for place in 0..<count {
            let other = place + Int(clamping: random.below(UInt64(machines.count - place)))
            machines.swapAt(place, other)
        }
        return Array(machines[..<count]).sorted()
    }
}
