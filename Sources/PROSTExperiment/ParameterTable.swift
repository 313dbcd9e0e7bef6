internal import Chord

/// Every parameter of an experiment with what it is when the file does not say.
package enum ParameterTable {
    package static let all: [Parameter] =
        population + overlay + underlay + churn + fault + workload + phases

    package static let keys = all.map(\.key)

    package static func named(_ key: String) -> Parameter? { byKey[key] }

    private static let byKey = Dictionary(
        all.map { ($0.key, $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// Sections of the file: what stands before the point of a key.
    package static let sections: [String] = {
        var names: [String] = []
        for key in keys {
            guard let section = section(of: key), !names.contains(section) else { continue }
            names.append(section)
        }
        return names
    }()

    package static func section(of key: String) -> String? {
        key.firstIndex(of: ".").map { String(key[..<$0]) }
    }

    private static func row(
        _ key: String,
        _ kind: Parameter.Kind,
        _ standard: String?,
        _ help: String
    ) -> Parameter {
        Parameter(key: key, kind: kind, standard: standard, help: help)
    }

    private static let population = [
        row("nodes", .count(2...1_000_000), "1000", "nodes at the start"),
        row(
            "start",
            .choice(["ideal", "join"]),
            "ideal",
            "an ideal ring installed at once, or every node joining"
        ),
        row(
            "identifiers",
            .choice(["random", "even"]),
            "random",
            "drawn from the seed, or evenly spaced on the circle"
        ),
    ]

    private static let overlay = [
        row(
            "overlay.type",
            .choice(Geometry.allCases.map(\.rawValue)),
            "chord",
            "geometry: fingers, all members, or successors only"
        ),
        row("overlay.successors", .count(2...16), "8", "length r of successor lists"),
        row("overlay.stabilize", .duration, "20s", "mean time between two stabilizations"),
        row("overlay.fix_fingers", .duration, "20s", "mean time between two finger repairs"),
        row(
            "overlay.finger_candidates",
            .count(1...64),
            "16",
            "nodes among which a finger is chosen by its round trip, 1 for the first"
        ),
        row("overlay.replicas", .count(1...16), "3", "the ring's replica count"),
    ]

    private static let underlay = [
        row(
            "underlay.type",
            .choice(["constant", "uniform", "coordinates", "king", "matrix"]),
            "constant",
            "model of delays"
        ),
        row("underlay.delay", .duration, "50ms", "constant: one way"),
        row("underlay.least", .duration, "10ms", "uniform: shortest way"),
        row("underlay.most", .duration, "100ms", "uniform: longest way"),
        row("underlay.mean_rtt", .duration, "90ms", "coordinates: mean round trip"),
        row("underlay.file", .file, nil, "matrix: round trips in microseconds, a row a line"),
        row("underlay.loss", .fraction, "0", "frames that have to be sent again"),
        row(
            "underlay.set_up",
            .count(0...20),
            "6",
            "one-way delays before a connection's first frame"
        ),
        row("underlay.set_up_bytes", .bytes, "3200", "bytes of a connection's set-up, both sides"),
        row(
            "underlay.bandwidth",
            .bytes,
            "0",
            "bytes a second of a machine's line, 0 for no limit"
        ),
        row("underlay.input_time", .duration, "0ns", "processor time of an input"),
    ]

    private static let churn = [
        row(
            "churn.type",
            .choice(["none", "lifetime", "random", "trace"]),
            "none",
            "OverSim's generators"
        ),
        row(
            "churn.distribution",
            .choice(["exponential", "weibull", "pareto"]),
            "weibull",
            "lifetime: of sessions"
        ),
        row("churn.shape", .decimal(100...10_000), "0.5", "lifetime: of weibull and pareto"),
        row("churn.mean", .duration, nil, "lifetime: mean session"),
        row("churn.median", .duration, nil, "lifetime: median session, instead of the mean"),
        row("churn.interval", .duration, "10s", "random: mean time between two changes"),
        row("churn.graceful", .fraction, "0", "departures that are announced"),
        row("churn.file", .file, nil, "trace: lines TIME join|leave|fail NODE"),
    ]

    private static let fault = [
        row(
            "fault.type",
            .choice([
                "none", "kill", "partition", "pause", "slow", "flash", "correlated", "misroute",
            ]),
            "none",
            "what happens at fault.at to a fraction of the nodes"
        ),
        row("fault.at", .duration, "0s", "after the transition phase"),
        row("fault.fraction", .fraction, "0.5", "of the nodes"),
        row("fault.span", .duration, "60s", "partition, pause, slow: how long"),
        row("fault.one_way", .choice(["no", "yes"]), "no", "partition: in one direction only"),
        row("fault.factor", .count(1...10_000), "10", "slow: how many times as long inputs take"),
        row(
            "fault.restart",
            .choice(["no", "old", "wiped"]),
            "no",
            "kill: start again after span"
        ),
    ]

    private static let workload = [
        row("workload.type", .choice(["none", "kbr-test"]), "kbr-test", "OverSim's KBRTestApp"),
        row("workload.interval", .duration, "60s", "mean time between two lookups of a node"),
        row(
            "workload.replicas",
            .count(1...16),
            "1",
            "a lookup is answered by the key's root or one of its replicas, this many in all"
        ),
        row(
            "workload.keys",
            .count(0...100_000_000),
            "0",
            "keys that are placed on the nodes at the end, for the metrics keys_*"
        ),
        row(
            "workload.virtual_nodes",
            .count(1...1000),
            "1",
            "nodes that are one machine's, for the metrics keys_*"
        ),
        row(
            "workload.count",
            .count(0...1_000_000_000),
            "0",
            "most lookups in all, 0 for no limit"
        ),
    ]

    private static let phases = [
        row("phases.transition", .duration, "0s", "after the start, before anything is measured"),
        row("phases.measurement", .duration, "100s", "what the figures are about"),
        row("phases.join", .duration, "100ms", "between two joins at the start"),
        row("checks.period", .duration, "60s", "between two checks of the ring, 0s for none"),
    ]
}
