/// One self-contained page: figures, tables, and where they come from.
package enum ReportPage {
    /// Figures by name, as files of their own.
    package static func figures(
        _ experiment: Experiment,
        _ results: [RunResult]
    ) -> [(name: String, svg: String)] {
        Figures(experiment: experiment, results: results).all().map { ($0.name, $0.chart.svg()) }
    }

    package static func html(
        _ experiment: Experiment,
        _ results: [RunResult],
        _ summary: Summary,
        _ provenance: Provenance
    ) -> String {
        let figures = figures(experiment, results)
            .map { "<figure>\($0.svg)</figure>" }.joined(separator: "\n")
        let failed = summary.failedExpectations
        let unchecked = experiment.unchecked
        let held = experiment.expectations.count - unchecked.count
        let verdict =
            (failed.isEmpty
                ? held == 0 ? "" : "<p class=\"good\">All \(held) expectations held.</p>"
                : list(failed, "bad"))
            + list(unchecked.map { "speaks of none of these runs: \($0)" }, "open")
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <title>\(Markup.escaped(experiment.name))</title>
            <style>\(style)</style></head><body>
            <h1>\(Markup.escaped(experiment.name))</h1>
            <p>\(Markup.escaped(experiment.description))</p>
            \(verdict)
            <div class="figures">\(figures)</div>
            <h2>Runs</h2>
            \(table(experiment, results))
            \(violations(results))
            <h2>Provenance</h2>
            \(origin(results, summary, provenance))
            </body></html>

            """
    }

    private static func list(_ texts: [String], _ name: String) -> String {
        guard !texts.isEmpty else { return "" }
        let items = texts.map { "<li>\(Markup.escaped($0))</li>" }.joined()
        return "<ul class=\"\(name)\">\(items)</ul>"
    }

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem;color:#111}
        h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1rem}
        figure{margin:0;border:1px solid #e5e7eb;border-radius:6px;overflow:hidden}
        table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
        th,td{padding:.2rem .6rem;border-bottom:1px solid #e5e7eb;text-align:right}
        th:first-child,td:first-child{text-align:left}.scroll{overflow-x:auto}
        .good{color:#15803d}.bad{color:#b91c1c}code{font-size:13px}
        """

    private static let columns = [
        "lookups", "lookups_lost", "success", "hops_mean", "hops_p99", "latency_p50_ms",
        "stretch_p50", "maintenance_bytes", "violations", "inputs_per_cpu_second",
        "peak_bytes_per_node",
    ]

    /// Means over seeds with half the width of their 95 % confidence intervals.
    private static func table(_ experiment: Experiment, _ results: [RunResult]) -> String {
        let keys = experiment.axes.map(\.key)
        let columns = columns.filter { name in results.contains { $0.metrics[name] != nil } }
        var points: [[String: String]] = []
        for result in results where !points.contains(result.point) { points.append(result.point) }
        let head = (keys + ["runs"] + columns).map { "<th>\(Markup.escaped($0))</th>" }.joined()
        let rows = points.map { point -> String in
            let group = results.filter { $0.point == point }
            let cells =
                keys.map { Markup.escaped(point[$0] ?? "") } + ["\(group.count)"]
                + columns.map { name in
                    let sample = Sample(group.compactMap { $0.metrics[name] })
                    let spread = sample.halfWidth.map { $0 > 0 ? " ± " + NumberText.short($0) : "" }
                    return sample.count == 0 ? "" : NumberText.short(sample.mean) + (spread ?? "")
                }
            return "<tr>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        return "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>"
            + rows.joined(separator: "\n") + "</tbody></table></div>"
    }

    private static func violations(_ results: [RunResult]) -> String {
        let found = results.flatMap { result in result.violations.map { (result.run, $0) } }
        guard !found.isEmpty else { return "" }
        let items = found.prefix(40).map { run, violation in
            "<li>run \(run), event \(violation.event), \(NumberText.short(violation.seconds)) s: "
                + Markup.escaped(violation.what) + "</li>"
        }
        return "<h2>Violations</h2><ul>" + items.joined() + "</ul>"
    }

    private static func origin(
        _ results: [RunResult],
        _ summary: Summary,
        _ provenance: Provenance
    ) -> String {
        // Runs that were kept may be of an earlier one.
        let revisions = Set(results.map { $0.revision ?? provenance.revision }).sorted()
        let rows = [
            ("fingerprint", summary.fingerprint), ("tool", provenance.tool),
            ("revision", revisions.joined(separator: ", ")), ("system", provenance.system),
            ("started", provenance.start),
            ("settings", provenance.settings.joined(separator: " ")),
            ("inputs", "\(summary.events)"),
            ("processor time", NumberText.short(summary.cpuSeconds) + " s"),
        ]
        let lines = rows.map { name, value in
            "<tr><th>\(name)</th><td><code>\(Markup.escaped(value))</code></td></tr>"
        }
        return "<table>" + lines.joined() + "</table>"
    }
}
