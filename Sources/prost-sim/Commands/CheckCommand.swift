internal import ArgumentParser
internal import PROSTExperiment

/// Looks for mistakes in an experiment and says what it will cost.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for mistakes in an experiment and estimate its cost; nothing runs."
    )

    @OptionGroup var arguments: ExperimentArguments
    @OptionGroup var output: OutputOptions

    private struct Answer: Encodable {
        var experiment: String
        var runs: Int
        var inputs: Double
        var cpuSeconds: Double
        var peakBytes: Double

        enum CodingKeys: String, CodingKey {
            case experiment
            case runs
            case inputs
            case cpuSeconds = "cpu_seconds"
            case peakBytes = "peak_bytes"
        }
    }

    func run() throws {
        try reporting(asJSON: output.json) {
            let experiment = try arguments.load()
            let cost = CostEstimate(experiment)
            for text in experiment.unchecked {
                Terminal.note("speaks of no run: \(text)")
            }
            if output.json {
                let answer = Answer(
                    experiment: experiment.name,
                    runs: experiment.runCount,
                    inputs: cost.inputs,
                    cpuSeconds: cost.seconds,
                    peakBytes: cost.peakBytes
                )
                return print(Terminal.json(answer))
            }
            let axes = experiment.axes.map { "\($0.values.count) × \($0.key)" }
            let parts = (axes + ["\(experiment.seeds.count) seeds"]).joined(separator: " × ")
            print("\(experiment.name): \(experiment.runCount) runs (\(parts))")
            print(
                "about \(NumberText.short((cost.inputs / 1e6 * 10).rounded() / 10)) M inputs, "
                    + "\(NumberText.fixed(cost.seconds / 60 + 1, 0)) min of processor time, "
                    + "\(NumberText.fixed(cost.peakBytes / 1e6 + 1, 0)) MB for the largest run"
            )
        }
    }
}
