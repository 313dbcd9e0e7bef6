/// Results as tidy tables: one observation a line, names in the first.
package enum ResultTables {
    /// One line a run; parameters that differ from the standard in any run, then all metrics.
    package static func runs(_ results: [RunResult]) -> String {
        let keys = Set(results.flatMap(\.parameters.keys)).sorted()
        var lines = [(["run", "seed", "fingerprint"] + keys + Metric.names).map(cell)]
        for result in results {
            let parameters = keys.map { key in
                result.parameters[key] ?? ParameterTable.named(key)?.standard ?? ""
            }
            let metrics = Metric.names.map { result.metrics[$0].map(number) ?? "" }
            lines.append(
                (["\(result.run)", "\(result.seed)", result.fingerprint] + parameters + metrics)
                    .map(cell)
            )
        }
        return table(lines)
    }

    package static func hops(_ results: [RunResult]) -> String {
        table(
            [["run", "hops", "lookups"]]
                + results.flatMap { result in
                    result.hops.enumerated().map { ["\(result.run)", "\($0)", "\($1)"] }
                }
        )
    }

    package static func latencies(_ results: [RunResult]) -> String {
        table(
            [["run", "percent", "milliseconds"]]
                + results.flatMap { result in
                    result.latencies.enumerated().map { ["\(result.run)", "\($0)", number($1)] }
                }
        )
    }

    package static func series(_ results: [RunResult]) -> String {
        table(
            [["run", "seconds", "nodes", "lookups", "lost", "maintenance_bytes"]]
                + results.flatMap { result in
                    result.series.map { point in
                        [
                            "\(result.run)", number(point.time), "\(point.nodes)",
                            "\(point.lookups)", "\(point.lost)", number(point.maintenanceBytes),
                        ]
                    }
                }
        )
    }

    /// For `sqlite3 results.sqlite < import.sql`, in the results' folder.
    package static let importScript = """
        .mode csv
        .import runs.csv runs
        .import hops.csv hops
        .import latencies.csv latencies
        .import series.csv series

        """

    private static func table(_ lines: [[String]]) -> String {
        lines.map { $0.joined(separator: ",") + "\n" }.joined()
    }

    /// RFC 4180.
    private static func cell(_ text: String) -> String {
        text.contains { $0 == "," || $0 == "\"" || $0 == "\n" }
            ? "\""
                + text.split(separator: "\"", omittingEmptySubsequences: false)
                .joined(separator: "\"\"") + "\""
            : text
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
