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
    @OptionGroup var output: OutputOptions

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

        enum CodingKeys: String, CodingKey {
            case point
            case a
            case b
            case difference
            case halfWidth = "half_width"
            case isSignificant = "is_significant"
        }
    }

    struct Answer: Encodable {
        var rows: [Row]
        /// Points of the sweep that only one of the two has.
        var onlyA: [[String: String]]
        var onlyB: [[String: String]]

        enum CodingKeys: String, CodingKey {
            case rows
            case onlyA = "only_a"
            case onlyB = "only_b"
        }
    }

    func run() throws {
        try reporting(asJSON: output.json) {
            guard Metric.names.contains(metric) else {
                throw CommandFailure(
                    .usage,
                    "unknown metric \(metric)",
                    hint: Metric.names.joined(separator: ", ")
                )
            }
            let left = try results(first)
            let right = try results(second)
            let points = points(left)
            let rows = points.compactMap { row($0, left, right) }
            guard !rows.isEmpty else {
                throw CommandFailure(.badInput, "the two have no point of a sweep in common")
            }
            guard failIf == nil || !rows.contains(where: { $0.halfWidth == nil }) else {
                throw CommandFailure(
                    .badInput,
                    "--fail-if cannot tell: there is a point with one seed",
                    hint: "prost-sim run --seeds 1..5"
                )
            }
            let answer = Answer(
                rows: rows,
                onlyA: points.filter { point in !rows.contains { $0.point == point } },
                onlyB: self.points(right).filter { point in !rows.contains { $0.point == point } }
            )
            if output.json { print(Terminal.json(answer)) } else { show(answer) }
            if rows.contains(where: fails) { throw ExitCode(ExitStatus.negative.rawValue) }
        }
    }

    private func results(_ path: String) throws -> [RunResult] {
        let folder = ResultFolder(path)
        return try folder.results(of: try Results.experiment(of: folder, readsFiles: false).0)
    }

    private func points(_ results: [RunResult]) -> [[String: String]] {
        var points: [[String: String]] = []
        for result in results where !points.contains(result.point) { points.append(result.point) }
        return points
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

    private func show(_ answer: Answer) {
        for (name, points) in [("A", answer.onlyA), ("B", answer.onlyB)] {
            for point in points { Terminal.note("only in \(name): \(text(point))") }
        }
        print(table(answer.rows))
    }

    private func text(_ point: [String: String]) -> String {
        point.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private func table(_ rows: [Row]) -> String {
        let lines = rows.map { row in
            [
                text(row.point),
                NumberText.short(row.a), NumberText.short(row.b),
                NumberText.short(row.difference),
                row.halfWidth.map { "± " + NumberText.short($0) } ?? "one seed",
                row.isSignificant ? "differs" : "",
            ]
        }
        return Terminal.table([["point", "A", "B", "B - A", "95 %", ""]] + lines)
    }
}
