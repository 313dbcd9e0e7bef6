internal import ArgumentParser
internal import PROSTExperiment
internal import StrictYAML

/// Which experiment, and what is changed in it.
struct ExperimentArguments: ParsableArguments {
    @Argument(help: "Experiment file (YAML).")
    var file: String

    @Option(name: .long, help: "Change a parameter, KEY=VALUE; ends a sweep of it.")
    var set: [String] = []

    @Option(name: .long, help: "Seeds instead of the file's: 7 or 1..20.")
    var seeds: String?

    func load(folder: String? = nil) throws -> Experiment {
        try parse(try StrictYAML.text(at: file), folder: folder)
    }

    /// What was read from the file.
    func parse(_ text: String, folder: String? = nil) throws -> Experiment {
        try ExperimentFile.parse(text, path: file, folder: folder, settings: set, seeds: seeds)
    }
}
