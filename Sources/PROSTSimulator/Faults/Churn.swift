package import SansIO

/// Machines that come and go, by the models that OverSim names (`Spec/simulator.md` §4).
package final class Churn {
    package enum Model: Sendable {
        /// Every session has a length of the distribution; a new machine takes the place of one
        /// that is gone, so that the size stays.
        case lifetime(Distribution)
        /// After times with this mean one machine joins or one is gone, equally likely.
        case random(mean: TimeSpan)
        case trace(ChurnTrace)
    }

    private let model: Model
    /// Departures in a million that are announced.
    private let graceful: UInt64
    private let population: Population
    private var random: DeterministicRandom
    private var isStopped = false

    package init(_ model: Model, gracefulPerMillion graceful: UInt64, on population: Population) {
        self.model = model
        self.graceful = graceful
        self.population = population
        random = population.simulation.stream("churn")
    }

    package func stop() { isStopped = true }

    package func start() {
        switch model {
        case .lifetime: for index in population.live { scheduleEnd(of: index) }
        case .random(let mean): scheduleChange(mean)
        case .trace(let trace):
            let start = population.simulation.now
            for line in trace.lines {
                after(start + line.time) { churn in churn.play(line) }
            }
        }
    }

    private func after(_ time: Instant, _ action: @escaping (Churn) -> Void) {
        population.simulation.schedule(at: time) { [weak self] _ in
            if let self, !self.isStopped { action(self) }
        }
    }

    private func scheduleEnd(of index: Int) {
        guard case .lifetime(let distribution) = model else { return }
        let time = population.simulation.now + distribution.draw(&random)
        after(time) { churn in
            guard churn.population.simulation.hosts[index].isUp else { return }
            churn.end(index)
            churn.scheduleEnd(of: churn.population.joinNew())
        }
    }

    private func scheduleChange(_ mean: TimeSpan) {
        let wait = Distribution.exponential(mean: mean).draw(&random)
        after(population.simulation.now + wait) { churn in
            if churn.random.below(2) == 0 {
                churn.population.joinNew()
            } else if churn.population.live.count > 2, let index = churn.population.randomLive() {
                churn.end(index)
            }
            churn.scheduleChange(mean)
        }
    }

    private func end(_ index: Int) {
        if graceful > 0, random.below(1_000_000) < graceful {
            population.leave(index)
        } else {
            population.crash(index)
        }
    }

    private func play(_ line: ChurnTrace.Line) {
        while population.simulation.hosts.count <= line.machine { population.simulation.addHost() }
        switch line.action {
        case .join: population.start(line.machine)
        case .leave: population.leave(line.machine)
        case .fail: population.crash(line.machine)
        }
    }
}

/// Times at which numbered machines come and go.
package struct ChurnTrace: Hashable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        case join
        case leave
        case fail
    }

    package struct Line: Hashable, Sendable {
        package var time: TimeSpan
        package var action: Action
        package var machine: Int

        package init(time: TimeSpan, action: Action, machine: Int) {
            self.time = time
            self.action = action
            self.machine = machine
        }
    }

    package var lines: [Line]

    package init(lines: [Line]) { self.lines = lines }
}
