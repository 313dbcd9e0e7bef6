/// The one object that `run --json` ends with; also `summary.json`.
package struct Summary: Codable, Hashable, Sendable {
    package var experiment: String
    package var runs: Int
    /// Inputs that nodes took while measuring; a wake whose timers were cancelled is none.
    package var events: UInt64
    package var cpuSeconds: Double
    package var eventsPerCPUSecond: Double
    package var lookups: UInt64
    package var lookupsPerCPUSecond: Double
    package var lookupsLost: UInt64
    package var hopsMean: Double
    package var peakBytes: UInt64
    package var peakBytesPerNode: Double
    package var violations: UInt64
    package var failedExpectations: [String]
    package var fingerprint: String

    enum CodingKeys: String, CodingKey {
        case experiment
        case runs
        case events
        case cpuSeconds = "cpu_seconds"
        case eventsPerCPUSecond = "events_per_cpu_second"
        case lookups
        case lookupsPerCPUSecond = "lookups_per_cpu_second"
        case lookupsLost = "lookups_lost"
        case hopsMean = "hops_mean"
        case peakBytes = "peak_bytes"
        case peakBytesPerNode = "peak_bytes_per_node"
        case violations
        case failedExpectations = "failed_expectations"
        case fingerprint
    }

    package init(_ name: String, _ results: [RunResult], failed: [String]) {
        func sum(_ metric: String) -> Double {
            results.reduce(0) { $0 + ($1.metrics[metric] ?? 0) }
        }
        func most(_ metric: String) -> Double {
            results.reduce(0) { max($0, $1.metrics[metric] ?? 0) }
        }
        experiment = name
        runs = results.count
        events = UInt64(sum("inputs"))
        cpuSeconds = sum("cpu_seconds")
        eventsPerCPUSecond = sum("inputs") / max(cpuSeconds, 1e-6)
        lookups = UInt64(sum("lookups"))
        lookupsPerCPUSecond =
            results.reduce(0) { $0 + Double($1.hops.reduce(0, +)) } / max(cpuSeconds, 1e-6)
        lookupsLost = UInt64(sum("lookups_lost"))
        let answered = results.reduce(UInt64(0)) { $0 + $1.hops.reduce(0, +) }
        let hops = results.reduce(0.0) { total, result in
            result.hops.enumerated().reduce(total) { $0 + Double($1.offset) * Double($1.element) }
        }
        hopsMean = answered == 0 ? 0 : hops / Double(answered)
        peakBytes = UInt64(most("peak_bytes"))
        peakBytesPerNode = most("peak_bytes_per_node")
        violations = UInt64(sum("violations"))
        failedExpectations = failed
        fingerprint = FingerprintText.combined(results.map(\.fingerprint))
    }
}

extension Experiment {
    /// What was expected and did not come about, as people read it.
    package func failures(in results: [RunResult]) -> [String] {
        let runs = Dictionary(runs.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        return expectations.flatMap { expectation in
            results.compactMap { result -> String? in
                guard let run = runs[result.run], expectation.applies(to: run.values),
                    !expectation.holds(for: result)
                else { return nil }
                return "run \(result.run) (\(run.label)): expected \(expectation.text), "
                    + expectation.found(in: result)
            }
        }
    }
}

extension Experiment.Run {
    /// The swept values and the seed.
    package var label: String {
        (point.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + ["seed=\(seed)"])
            .joined(separator: " ")
    }
}
