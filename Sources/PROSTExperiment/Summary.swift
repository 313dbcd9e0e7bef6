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
        func whole(_ value: Double) -> UInt64 { UInt64(exactly: value.rounded()) ?? .max }
        experiment = name
        runs = results.count
        events = whole(sum("inputs"))
        cpuSeconds = sum("cpu_seconds")
        eventsPerCPUSecond = sum("inputs") / max(cpuSeconds, 1e-6)
        lookups = whole(sum("lookups"))
        lookupsPerCPUSecond =
            results.reduce(0) { $0 + Double($1.hops.reduce(0, +)) } / max(cpuSeconds, 1e-6)
        lookupsLost = whole(sum("lookups_lost"))
        let answered = results.reduce(UInt64(0)) { $0 + $1.hops.reduce(0, +) }
        let hops = results.reduce(0.0) { total, result in
            result.hops.enumerated().reduce(total) { $0 + Double($1.offset) * Double($1.element) }
        }
        hopsMean = answered == 0 ? 0 : hops / Double(answered)
        peakBytes = whole(most("peak_bytes"))
        peakBytesPerNode = most("peak_bytes_per_node")
        violations = whole(sum("violations"))
        failedExpectations = failed
        fingerprint = FingerprintText.combined(results.map(\.fingerprint))
    }
}

extension Experiment {
    /// What was expected and did not come about, as people read it.
    ///
    /// No violation is expected in a run of whose violations no expectation speaks.
    package func failures(in results: [RunResult]) -> [String] {
        let runs = Dictionary(runs.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        let none = results.compactMap { result -> String? in
            guard let run = runs[result.run], (result.metrics["violations"] ?? 0) > 0,
                !expectations.contains(where: {
                    $0.metric == "violations" && $0.applies(to: run.values)
                })
            else { return nil }
            return "run \(result.run) (\(run.label)): expected no violations, "
                + "violations = \(NumberText.short(result.metrics["violations"] ?? 0))"
        }
        return none
            + expectations.flatMap { expectation in
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

extension Experiment {
    /// Expectations that speak of none of these runs, which settings left of a sweep.
    package var unchecked: [String] {
        let runs = runs
        return expectations.filter { expectation in
            !runs.contains { expectation.applies(to: $0.values) }
        }.map(\.text)
    }
}

extension Experiment.Run {
    /// The swept values and the seed.
    package var label: String {
        (point.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + ["seed=\(seed)"])
            .joined(separator: " ")
    }
}
