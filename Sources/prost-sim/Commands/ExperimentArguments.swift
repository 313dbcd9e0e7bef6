internal import ArgumentParser
internal import PROSTExperiment

/// Which experiment, and what is changed in it.
struct ExperimentArguments: ParsableArguments {
    @Argument(help: "Experiment file (YAML).")
    var file: String

    @Option(name: .long, help: "Change a parameter, KEY=VALUE; ends a sweep of it.")
    var set: [String] = []

    @Option(name: .long, help: "Seeds instead of the file's: 7 or 1..20.")
    var seeds: String?

    func load() throws -> Experiment {
        try ExperimentFile.load(path: file, settings: set, seeds: seeds)
    }
}
