internal import SansIO

/// Which figures an experiment's results make.
struct Figures {
    let experiment: Experiment
    let results: [RunResult]

    /// Name of the file, then the figure.
    func all() -> [(name: String, chart: Chart)] {
        var charts: [(name: String, chart: Chart)] = []
        if let axis = experiment.axes.max(by: { $0.values.count < $1.values.count }),
            axis.values.count > 1
        {
            for metric in Self.overAxis where hasSpread(metric.name) || metric.name == "hops_mean" {
                if let chart = swept(metric.name, metric.help, axis) {
                    charts.append((metric.name, chart))
                }
            }
        }
        if let chart = hopDistribution() { charts.append(("hop_distribution", chart)) }
        if let chart = latencies() { charts.append(("latency", chart)) }
        if let chart = series() { charts.append(("series", chart)) }
        return charts
    }

    private static let overAxis = Metric.all.filter {
        [
            "hops_mean", "latency_p50_ms", "stretch_p50", "success", "lookups_lost",
            "maintenance_bytes", "bytes", "set_up_bytes", "load_max", "peak_bytes_per_node",
            "inputs_per_cpu_second", "violations",
        ].contains($0.name)
    }

    private func hasSpread(_ metric: String) -> Bool {
        let values = results.compactMap { $0.metrics[metric] }
        guard let least = values.min(), let most = values.max() else { return false }
        return most > 0 && (most > least || metric == "success")
    }

    /// A metric over the longest axis, a curve for each other point of the sweep.
    private func swept(_ metric: String, _ help: String, _ axis: Experiment.Axis) -> Chart? {
        let numbers = axis.values.map { number($0, axis.key) }
        guard !numbers.contains(nil) else { return nil }
        var curves: [Chart.Curve] = []
        for group in groups(without: axis.key) {
            var points: [Chart.Point] = []
            for (text, x) in zip(axis.values, numbers) {
                let values = group.results.filter { $0.point[axis.key] == text }
                    .compactMap { $0.metrics[metric] }
                guard let x, !values.isEmpty else { continue }
                let sample = Sample(values)
                points.append(Chart.Point(x: x, y: sample.mean, halfWidth: sample.halfWidth))
            }
            points.sort { $0.x < $1.x }
            curves.append(Chart.Curve(name: group.name, points: points))
        }
        if metric == "hops_mean", axis.key == "nodes" { curves += theory(curves) }
        let xs = numbers.compactMap(\.self)
        let isWide = (xs.max() ?? 1) > 8 * max(xs.min() ?? 1, 1e-9)
        return Chart(
            title: help,
            xName: axis.key + unit(axis.key),
            yName: metric,
            curves: curves,
            isLogarithmic: isWide && (xs.min() ?? 0) > 0
        )
    }

    private func theory(_ measured: [Chart.Curve]) -> [Chart.Curve] {
        let successors = Double(results.first.map { _ in successorCount } ?? 8)
        let points = (measured.first?.points ?? []).map {
            Chart.Point(x: $0.x, y: Theory.hops(nodes: $0.x, successors: successors))
        }
        return [Chart.Curve(name: "½ log₂ N − ½ log₂ r + 1", points: points, isTheory: true)]
    }

    private var successorCount: UInt64 { experiment.values.count("overlay.successors") }

    private func groups(without key: String) -> [(name: String, results: [RunResult])] {
        var names: [String] = []
        var groups: [[RunResult]] = []
        for result in results {
            let rest = result.point.filter { $0.key != key }.sorted { $0.key < $1.key }
            let name = rest.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            if let place = names.firstIndex(of: name) {
                groups[place].append(result)
            } else {
                names.append(name)
                groups.append([result])
            }
        }
        return zip(names, groups).map { ($0.isEmpty ? "measured" : $0, $1) }
    }

    private func number(_ text: String, _ key: String) -> Double? {
        var values = ParameterValues()
        values.set(key, text)
        return switch ParameterTable.named(key)?.kind {
        case .count: Double(values.count(key))
        case .duration: Double(values.duration(key).nanoseconds) / 1e9
        case .bytes: Double(values.bytes(key))
        case .fraction: Double(values.fraction(key)) / 1e6
        case .decimal: Double(values.decimal(key)) / 1000
        case .choice, .file, nil: nil
        }
    }

    private func unit(_ key: String) -> String {
        switch ParameterTable.named(key)?.kind {
        case .duration: ", seconds"
        case .bytes: ", bytes"
        default: ""
        }
    }

    /// Of the last point of the sweep, all seeds together.
    private func hopDistribution() -> Chart? {
        guard let last = results.last(where: { !$0.hops.isEmpty }) else { return nil }
        var counts: [UInt64] = []
        for result in results where result.point == last.point {
            while counts.count < result.hops.count { counts.append(0) }
            for (hops, count) in result.hops.enumerated() { counts[hops] += count }
        }
        let total = Double(max(counts.reduce(0, +), 1))
        return Chart(
            title: "lookups by number of hops" + label(last),
            xName: "hops",
            yName: "share of lookups",
            curves: [
                Chart.Curve(
                    name: "measured",
                    points: counts.enumerated().map {
                        Chart.Point(x: Double($0.offset), y: Double($0.element) / total)
                    }
                )
            ],
            isHistogram: true
        )
    }

    private func label(_ result: RunResult) -> String {
        let point = result.point.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return point.isEmpty ? "" : " (" + point.joined(separator: ", ") + ")"
    }

    private func latencies() -> Chart? {
        var curves: [Chart.Curve] = []
        var seen: [[String: String]] = []
        for result in results where !result.latencies.isEmpty && !seen.contains(result.point) {
            seen.append(result.point)
            guard seen.count <= 6 else { break }
            let name = label(result)
            curves.append(
                Chart.Curve(
                    name: name.isEmpty ? "measured" : String(name.dropFirst(2).dropLast()),
                    points: result.latencies.enumerated().map {
                        Chart.Point(x: $0.element, y: Double($0.offset) / 100)
                    }
                )
            )
        }
        guard !curves.isEmpty else { return nil }
        return Chart(
            title: "share of lookups answered within a time",
            xName: "milliseconds",
            yName: "share",
            curves: curves
        )
    }

    private func series() -> Chart? {
        guard
            let result = results.first(where: { result in
                result.series.contains { $0.lost > 0 } || (result.metrics["departures"] ?? 0) > 0
            })
        else { return nil }
        return Chart(
            title: "answered in each part of the measurement" + label(result),
            xName: "seconds",
            yName: "share of lookups",
            curves: [
                Chart.Curve(
                    name: "measured",
                    points: result.series.filter { $0.lookups + $0.lost > 0 }.map {
                        Chart.Point(
                            x: $0.time,
                            y: Double($0.lookups) / Double($0.lookups + $0.lost)
                        )
                    }
                )
            ]
        )
    }
}
