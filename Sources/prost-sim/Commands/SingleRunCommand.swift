internal import ArgumentParser
internal import Foundation
internal import PROSTExperiment

/// One run in a process of its own, so that its memory and processor time are its own: `run`
/// starts these.
struct SingleRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "single-run",
        abstract: "One run of an experiment; prints its progress and result as JSON lines.",
        shouldDisplay: false
    )

    @OptionGroup var experiment: ExperimentArguments
    @Option(name: .customLong("run"), help: "Which run, from 1.")
    var number: Int
    @Option(help: "Folder of the files that the experiment names.")
    var folder: String?

    func run() throws {
        try reporting(asJSON: false) {
            let experiment = try experiment.load(folder: folder)
            guard let plan = experiment.runs.first(where: { $0.number == number }) else {
                throw CommandFailure(.usage, "there is no run \(number)")
            }
            let execution = try RunExecution(plan, folder: experiment.folder)
            execution.progress = { Self.say(SingleRunLine(progress: $0)) }
            Self.say(SingleRunLine(result: try execution.execute()))
        }
    }

    private static func say(_ line: SingleRunLine) {
        FileHandle.standardOutput.write(Data((Terminal.json(line) + "\n").utf8))
    }
}

/// A line of a run's output.
struct SingleRunLine: Codable {
    var progress: RunExecution.Progress?
    var result: RunResult?
}
