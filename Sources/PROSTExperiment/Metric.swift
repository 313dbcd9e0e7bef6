/// Figures of a run, by the names that expectations and files use (`Spec/simulator.md` §6).
package enum Metric {
    /// In the order of the columns of `runs.csv`.
    package static let all: [(name: String, help: String)] = [
        ("live", "machines up at the end"),
        ("lookups", "lookups started while measuring"),
        ("lookups_lost", "not answered, or answered by the wrong node"),
        ("lookups_wrong", "answered by a node that was not the root"),
        ("success", "lookups answered by the right node, of all"),
        ("hops_mean", "hops of an answered lookup"),
        ("hops_p50", "median hops"),
        ("hops_p99", "99th percentile of hops"),
        ("hops_max", "most hops"),
        ("latency_p50_ms", "median time to the answer, milliseconds"),
        ("latency_p95_ms", "95th percentile"),
        ("latency_p99_ms", "99th percentile"),
        ("stretch_p50", "median of time to the answer over a direct round trip"),
        ("maintenance_bytes", "of the ring's own frames, bytes a second and node"),
        ("bytes", "of all frames, bytes a second and node"),
        ("set_up_bytes", "of opening connections, bytes a second and node"),
        ("connections", "connections opened, a second and node"),
        ("keys_p1", "1st percentile of a machine's keys over their mean"),
        ("keys_p50", "median of a machine's keys over their mean"),
        ("keys_p99", "99th percentile of a machine's keys over their mean"),
        ("load_max", "most frames sent by one node over the mean of those up at a time"),
        ("joins", "machines that came while measuring"),
        ("departures", "machines that went while measuring"),
        ("violations", "predicates of the ring that did not hold when checked"),
        ("ideal", "1 if the ring was ideal at the end"),
        ("inputs", "inputs that nodes took while measuring"),
        ("events", "events of the simulation in all"),
        ("cpu_seconds", "processor time of the measurement"),
        ("inputs_per_cpu_second", "inputs over processor time"),
        ("lookups_per_cpu_second", "answered lookups over processor time"),
        (
            "peak_bytes_per_node",
            "memory at its peak less before the first node, over the most nodes up at a time"
        ),
        ("peak_bytes", "memory at its peak"),
    ]

    package static let names = all.map(\.name)

    /// Those that are the same whenever the run is repeated.
    package static let repeatable = names.filter {
        !$0.contains("cpu_second") && !$0.hasPrefix("peak_bytes")
    }
}
