internal import PROSTSimulator
internal import SansIO

/// How many machines are up, over time.
struct LiveCount {
    /// Since it was begun.
    private(set) var nodeSeconds = 0.0
    private var count = 0
    private(set) var most = 0
    private var since = Instant.zero

    mutating func advance(to now: Instant) {
        nodeSeconds += Double(count) * Double(now.since(since).nanoseconds) / 1e9
        since = now
    }

    mutating func change(to count: Int, at now: Instant) {
        advance(to: now)
        self.count = count
        most = max(most, count)
    }

    mutating func begin(at now: Instant) {
        advance(to: now)
        nodeSeconds = 0
    }
}

/// What is counted between the beginning and the end of a measurement.
struct RunFigures {
    /// Parts of the measurement in `series`.
    static let parts = 20
    /// Violations that are told in words.
    private static let toldViolations = 16

    private var traffic = Traffic()
    private var frames: [UInt64] = []
    private var inputs: UInt64 = 0
    private var joins: UInt64 = 0
    private var departures: UInt64 = 0
    private var processor = 0.0
    private var begun = Instant.zero
    private var lastPart = (lookups: UInt64(0), lost: UInt64(0), bytes: UInt64(0), nodeSeconds: 0.0)
    var live = LiveCount()
    private var nodeSeconds: Double { live.nodeSeconds }
    private(set) var series: [RunResult.SeriesPoint] = []
    private(set) var violations: [RunResult.ViolationRecord] = []
    private var violationCount = 0
    private var loadMaximum = 0.0
    var isIdeal = false

    private func sum(_ simulation: Simulation) -> Traffic {
        simulation.hosts.reduce(Traffic()) { $0 + $1.traffic }
    }

    mutating func begin(_ run: RunExecution) {
        traffic = sum(run.simulation)
        lastPart.bytes = traffic.maintenanceBytes
        frames = run.simulation.hosts.map(\.traffic.frames)
        inputs = run.simulation.inputCount
        joins = run.population.joins
        departures = run.population.departures
        begun = run.simulation.now
        live.begin(at: begun)
        processor = ProcessFigures.processorSeconds
    }

    mutating func endPart(_ run: RunExecution, _ results: LookupResults?, at span: TimeSpan) {
        let seconds = Double(span.nanoseconds) / 1e9
        live.advance(to: run.simulation.now)
        let bytes = sum(run.simulation).maintenanceBytes
        let lookups = results?.right ?? 0
        let lost = (results?.failed ?? 0) + (results?.wrong ?? 0)
        let share = max(nodeSeconds - lastPart.nodeSeconds, 1e-9)
        series.append(
            RunResult.SeriesPoint(
                time: seconds,
                nodes: run.population.live.count,
                lookups: lookups - lastPart.lookups,
                lost: lost - lastPart.lost,
                maintenanceBytes: Double(bytes - lastPart.bytes) / share
            )
        )
        lastPart = (lookups, lost, bytes, nodeSeconds)
    }

    mutating func end(_ run: RunExecution) {
        processor = ProcessFigures.processorSeconds - processor
        let total = sum(run.simulation)
        traffic = total.less(traffic)
        inputs = run.simulation.inputCount - inputs
        joins = run.population.joins - joins
        departures = run.population.departures - departures
        let sent = run.simulation.hosts.enumerated().map { index, host in
            host.traffic.frames - (index < frames.count ? frames[index] : 0)
        }
        let seconds = Double(run.simulation.now.since(begun).nanoseconds) / 1e9
        let mean = Double(sent.reduce(0, +)) / max(nodeSeconds / max(seconds, 1e-9), 1)
        loadMaximum = mean > 0 ? Double(sent.max() ?? 0) / mean : 0
        frames = []
    }

    mutating func note(_ found: [String], _ simulation: Simulation) {
        violationCount += found.count
        for what in found where violations.count < Self.toldViolations {
            violations.append(
                RunResult.ViolationRecord(
                    event: simulation.eventCount,
                    seconds: Double(simulation.now.nanoseconds) / 1e9,
                    what: what
                )
            )
        }
    }

    func latencies(_ lookups: LookupResults) -> [Double] {
        let sorted = lookups.times.sorted()
        guard !sorted.isEmpty else { return [] }
        return (0...100).map { Double(Quantile.of(sorted, percent: $0)) / 1000 }
    }

    func metrics(
        _ run: RunExecution,
        _ lookups: LookupResults,
        memoryAtStart: UInt64
    ) -> [String: Double] {
        let peak = ProcessFigures.peakBytes
        var metrics: [String: Double] = [
            "live": Double(run.population.live.count),
            "joins": Double(joins),
            "departures": Double(departures),
            "violations": Double(violationCount),
            "ideal": isIdeal ? 1 : 0,
            "inputs": Double(inputs),
            "events": Double(run.simulation.eventCount),
            "cpu_seconds": processor,
            "inputs_per_cpu_second": Double(inputs) / max(processor, 1e-6),
            "peak_bytes": Double(peak),
            "peak_bytes_per_node": Double(peak - min(memoryAtStart, peak))
                / Double(max(live.most, 1)),
            "load_max": loadMaximum,
            "maintenance_bytes": Double(traffic.maintenanceBytes) / max(nodeSeconds, 1e-9),
            "bytes": Double(traffic.maintenanceBytes + traffic.otherBytes)
                / max(nodeSeconds, 1e-9),
            "set_up_bytes": Double(traffic.connectionBytes) / max(nodeSeconds, 1e-9),
            "connections": Double(traffic.connections) / max(nodeSeconds, 1e-9),
        ]
        guard lookups.started > 0 else { return metrics }
        add(lookups, to: &metrics)
        return metrics
    }

    private func add(_ lookups: LookupResults, to metrics: inout [String: Double]) {
        metrics["lookups"] = Double(lookups.started)
        metrics["lookups_lost"] = Double(lookups.lost)
        metrics["lookups_wrong"] = Double(lookups.wrong)
        metrics["success"] = Double(lookups.started - lookups.lost) / Double(lookups.started)
        metrics["lookups_per_cpu_second"] = Double(lookups.answered) / max(processor, 1e-6)
        guard lookups.answered > 0 else { return }
        let sum = lookups.hops.enumerated().reduce(UInt64(0)) {
            $0 + UInt64($1.offset) * $1.element
        }
        metrics["hops_mean"] = Double(sum) / Double(lookups.answered)
        metrics["hops_p50"] = Double(Quantile.of(counts: lookups.hops, percent: 50))
        metrics["hops_p99"] = Double(Quantile.of(counts: lookups.hops, percent: 99))
        metrics["hops_max"] = Double(lookups.hops.count - 1)
        let times = lookups.times.sorted()
        for (name, percent) in [("p50", 50), ("p95", 95), ("p99", 99)] {
            metrics["latency_\(name)_ms"] = Double(Quantile.of(times, percent: percent)) / 1000
        }
        if !lookups.stretches.isEmpty {
            let sorted = lookups.stretches.sorted()
            metrics["stretch_p50"] = Double(Quantile.of(sorted, percent: 50)) / 1000
        }
    }
}

extension Traffic {
    fileprivate var frames: UInt64 { maintenanceFrames + otherFrames }

    fileprivate func less(_ other: Traffic) -> Traffic {
        var rest = self
        rest.maintenanceFrames -= other.maintenanceFrames
        rest.maintenanceBytes -= other.maintenanceBytes
        rest.otherFrames -= other.otherFrames
        rest.otherBytes -= other.otherBytes
        rest.connections -= other.connections
        rest.connectionBytes -= other.connectionBytes
        return rest
    }
}
