internal import Chord
internal import PROSTNode
internal import PROSTSimulator
internal import SansIO
package import StrictYAML

/// One run from its start to its result.
package final class RunExecution {
    /// How far a run is.
    package struct Progress: Codable, Sendable {
        package var virtualSeconds: Double
        package var virtualTotal: Double
        package var events: UInt64
        package var eventsPerSecond: Double
    }

    private let run: Experiment.Run
    private let values: ParameterValues
    private let scenario: Scenario
    private let files: String?
    let simulation: Simulation
    let population: Population
    private let workload: LookupWorkload?
    private let churn: Churn?
    private var figures = RunFigures()
    private let memoryAtStart: UInt64
    /// Called some times a second while it runs.
    package var progress: ((Progress) -> Void)?
    private var lastReport = 0.0

    package init(_ run: Experiment.Run, folder: String) throws(ConfigurationErrors) {
        self.run = run
        values = run.values
        memoryAtStart = ProcessFigures.peakBytes
        let files = try ScenarioFiles(run.values, folder: folder)
        self.files = files.fingerprint
        scenario = Scenario(run, files: files)
        simulation = Simulation(scenario.settings)
        population = Population(simulation)
        let limit = values.count("workload.count")
        workload =
            values.text("workload.type") == "none"
            ? nil
            : LookupWorkload(
                interval: values.duration("workload.interval"),
                limit: limit == 0 ? nil : limit,
                on: simulation
            )
        churn = scenario.churn.map { [values, population] in
            Churn($0, gracefulPerMillion: values.fraction("churn.graceful"), on: population)
        }
        let population = population
        workload?.root = { population.membership.root(of: $0) }
        let replicas = values.int("workload.replicas")
        if replicas > 1 {
            workload?.isReplica = {
                population.membership.isReplica($0, of: $1, count: replicas)
            }
        }
        population.liveChanged = { [weak self] live in
            guard let self else { return }
            workload?.live = live
            figures.live.change(to: live.count, at: simulation.now)
        }
    }

    /// Time that answers have after the last lookup: a lookup's own time-out.
    private static let afterglow = TimeSpan.seconds(6)

    private var total: TimeSpan {
        values.duration("phases.transition") + values.duration("phases.measurement")
            + Self.afterglow
    }

    /// Plays all phases; throws if a node cannot be started.
    package func execute() throws -> RunResult {
        try begin()
        let start = simulation.now
        if churn != nil { churn?.start() }
        workload?.start()
        advance(to: start + values.duration("phases.transition"))
        measure()
        churn?.stop()
        workload?.stop()
        advance(to: simulation.now + Self.afterglow)
        check(isLast: true)
        return result()
    }

    /// Makes the machines and the ring.
    private func begin() throws {
        population.addMachines(
            values.int("nodes"),
            evenlySpaced: values.text("identifiers") == "even"
        )
        if values.text("start") == "ideal" {
            try population.startIdeal(listLength: values.int("overlay.successors"))
        } else {
            let interval = values.duration("phases.join")
            try population.startJoining(every: interval)
            advance(to: simulation.now + interval * values.count("nodes"))
        }
    }

    private func measure() {
        workload?.reset()
        figures.begin(self)
        let start = simulation.now
        let span = values.duration("phases.measurement")
        if let fault = scenario.fault {
            let population = population
            simulation.schedule(at: start + values.duration("fault.at")) { _ in
                fault.strike(population)
            }
        }
        let period = values.duration("checks.period")
        var nextCheck = period == .zero ? Instant(nanoseconds: .max) : start + period
        for part in 1...RunFigures.parts {
            let end = start + span.scaled(by: UInt64(part), over: UInt64(RunFigures.parts))
            while nextCheck < end, !simulation.hasStopped {
                advance(to: nextCheck)
                check(isLast: false)
                nextCheck = nextCheck + period
            }
            advance(to: end)
            figures.endPart(self, workload?.results, at: simulation.now.since(start))
        }
        figures.end(self)
    }

    private func advance(to end: Instant) {
        while simulation.now < end, !simulation.hasStopped {
            let step = min(end, simulation.now + stepSpan)
            simulation.run(until: step)
            report()
        }
    }

    /// Short enough that progress is shown often.
    private var stepSpan: TimeSpan {
        TimeSpan(nanoseconds: max(1_000_000, 20_000_000_000_000 / (values.count("nodes") + 1)))
    }

    private func report() {
        guard let progress else { return }
        let seconds = ProcessFigures.processorSeconds
        guard seconds - lastReport >= 0.5 else { return }
        lastReport = seconds
        progress(
            Progress(
                virtualSeconds: Double(simulation.now.nanoseconds) / 1e9,
                virtualTotal: Double(
                    (total + joinSpan).nanoseconds
                ) / 1e9,
                events: simulation.eventCount,
                eventsPerSecond: Double(simulation.eventCount) / max(seconds, 0.001)
            )
        )
    }

    private var joinSpan: TimeSpan {
        values.text("start") == "ideal"
            ? .zero : values.duration("phases.join") * values.count("nodes")
    }

    /// Looks at every live node's pointers.
    private func check(isLast: Bool) {
        guard isLast || values.duration("checks.period") != .zero else { return }
        let snapshots = population.live.sorted().compactMap {
            simulation.hosts[$0].node?.chord.snapshot
        }
        let invariants = RingInvariants(snapshots)
        figures.note(invariants.violations.map(\.description), simulation)
        if isLast { figures.isIdeal = invariants.isIdeal }
    }

    private var keyShares: [String: Double] {
        let keys = values.int("workload.keys")
        guard keys > 0 else { return [:] }
        let shares = KeyShares(
            of: keys,
            on: population.membership,
            nodesPerMachine: values.int("workload.virtual_nodes"),
            random: simulation.stream("workload.keys")
        )
        return ["keys_p1": 1, "keys_p50": 50, "keys_p99": 99].mapValues { shares.overMean($0) }
    }

    private func result() -> RunResult {
        let lookups = workload?.results ?? LookupResults()
        return RunResult(
            run: run.number,
            seed: run.seed,
            parameters: values.texts,
            point: run.point,
            metrics: figures.metrics(self, lookups, memoryAtStart: memoryAtStart)
                .merging(keyShares, uniquingKeysWith: { $1 }),
            hops: lookups.hops,
            latencies: figures.latencies(lookups),
            series: figures.series,
            violations: figures.violations,
            fingerprint: FingerprintText.text(simulation.fingerprint),
            files: files
        )
    }
}

/// Fingerprints as people compare them.
package enum FingerprintText {
    package static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return [0, 4, 8, 12].map { start in
            String(padded.dropFirst(start).prefix(4))
        }.joined(separator: "-")
    }

    /// The fingerprint of many runs, in their order.
    package static func combined(_ fingerprints: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in fingerprints.joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return text(hash)
    }
}
