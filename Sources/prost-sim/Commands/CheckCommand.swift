internal import ArgumentParser
internal import PROSTExperiment

/// Looks for mistakes in an experiment and says what it will cost.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for mistakes in an experiment and estimate its cost; nothing runs."
    )

    @OptionGroup var arguments: ExperimentArguments

    func run() throws {
        try reporting {
            let experiment = try arguments.load()
            let cost = CostEstimate(experiment)
            let axes = experiment.axes.map { "\($0.values.count) × \($0.key)" }
            let parts = (axes + ["\(experiment.seeds.count) seeds"]).joined(separator: " × ")
            print("\(experiment.name): \(experiment.runCount) runs (\(parts))")
            print(
                "about \(NumberText.short((cost.inputs / 1e6 * 10).rounded() / 10)) M inputs, "
                    + "\(Int(cost.seconds / 60) + 1) min of processor time, "
                    + "\(Int(cost.peakBytes / 1e6) + 1) MB for the largest run"
            )
        }
    }
}
