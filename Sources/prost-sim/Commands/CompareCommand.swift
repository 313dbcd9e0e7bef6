internal import ArgumentParser
internal import PROSTExperiment

/// Whether two folders of results differ in a metric.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare a metric of two results' folders, point by point of the sweep.",
        discussion: "The difference is B - A with its 95 % confidence interval (Welch)."
    )

    @Argument(help: "Folder A.")
    var first: String
    @Argument(help: "Folder B.")
    var second: String
    @Option(help: "Metric, as in runs.csv.")
    var metric = "hops_mean"
    @Option(help: "Exit 1 if B is significantly higher or lower: any, higher, lower.")
    var failIf: Direction?
    @Flag(help: "Print one JSON object.")
    var json = false

    enum Direction: String, ExpressibleByArgument, CaseIterable {
        case any
        case higher
        case lower
    }

    struct Row: Encodable {
        var point: [String: String]
        var a: Double
        var b: Double
        var difference: Double
        var halfWidth: Double?
        var isSignificant: Bool
    }

    func run() throws {
        try reporting {
            guard Metric.names.contains(metric) else {
                throw CommandFailure(
                    status: .usage,
                    message: "unknown metric \(metric)",
                    hint: Metric.names.joined(separator: ", ")
                )
            }
            let left = try ResultFolder(first).results()
            let right = try ResultFolder(second).results()
            var points: [[String: String]] = []
            for result in left where !points.contains(result.point) { points.append(result.point) }
            let rows = points.compactMap { row($0, left, right) }
            guard !rows.isEmpty else {
                throw CommandFailure(
                    status: .badInput,
                    message: "the two have no point of a sweep in common"
                )
            }
            if json { print(Terminal.json(["rows": rows])) } else { print(table(rows)) }
            if rows.contains(where: fails) { throw ExitCode(ExitStatus.negative.rawValue) }
        }
    }

    private func row(
        _ point: [String: String],
        _ left: [RunResult],
        _ right: [RunResult]
    ) -> Row? {
        let a = Sample(left.filter { $0.point == point }.compactMap { $0.metrics[metric] })
        let b = Sample(right.filter { $0.point == point }.compactMap { $0.metrics[metric] })
        guard a.count > 0, b.count > 0 else { return nil }
        let comparison = Comparison(a, b)
        return Row(
            point: point,
            a: a.mean,
            b: b.mean,
            difference: comparison.difference,
            halfWidth: comparison.halfWidth,
            isSignificant: comparison.isSignificant
        )
    }

    private func fails(_ row: Row) -> Bool {
        guard row.isSignificant else { return false }
        return switch failIf {
        case .any: true
        case .higher: row.difference > 0
        case .lower: row.difference < 0
        case nil: false
        }
    }

    private func table(_ rows: [Row]) -> String {
        let lines = rows.map { row in
            [
                row.point.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    .joined(separator: " "),
                NumberText.short(row.a), NumberText.short(row.b),
                NumberText.short(row.difference),
                row.halfWidth.map { "± " + NumberText.short($0) } ?? "one seed",
                row.isSignificant ? "differs" : "",
            ]
        }
        return Terminal.table([["point", "A", "B", "B - A", "95 %", ""]] + lines)
    }
}
