internal import ArgumentParser
internal import Foundation
internal import PROSTExperiment
internal import Synchronization

/// All runs of an experiment.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Play all runs of an experiment; exit 1 if an expectation does not hold.",
        discussion: """
            Results go to NAME.results, or where --out says. An interrupted sweep keeps the runs
            that finished; --only-missing plays the others.
            """
    )

    @OptionGroup var arguments: ExperimentArguments
    @Option(name: .shortAndLong, help: "Runs at the same time.")
    var jobs = 1
    @Option(help: "Folder for the results.")
    var out: String?
    @Flag(help: "Keep the runs that are there.")
    var onlyMissing = false
    @Flag(help: "Print one JSON object at the end.")
    var json = false

    func run() throws {
        try reporting {
            guard (1...1024).contains(jobs) else {
                throw CommandFailure(status: .usage, message: "--jobs is between 1 and 1024")
            }
            let experiment = try arguments.load()
            let folder = ResultFolder(out ?? "\(experiment.name).results")
            let text = String(
                decoding: FileManager.default.contents(atPath: arguments.file) ?? Data(),
                as: UTF8.self
            )
            do { try folder.prepare(text, keepingRuns: onlyMissing) } catch {
                throw CommandFailure(status: .cannotCreate, message: "\(error)")
            }
            let provenance = Results.provenance(experiment, arguments)
            try folder.write(provenance, to: "provenance.json")
            try play(experiment, to: folder)
            let results = experiment.runs.compactMap { folder.result($0.number) }
            let summary = try Results.write(results, of: experiment, provenance, to: folder)
            try finish(experiment, summary, results, folder)
        }
    }

    private func play(_ experiment: Experiment, to folder: ResultFolder) throws {
        let missing = experiment.runs.filter { run in
            !(onlyMissing && folder.result(run.number)?.matches(run) == true)
        }
        var options = [arguments.file]
        for setting in arguments.set { options += ["--set", setting] }
        if let seeds = arguments.seeds { options += ["--seeds", seeds] }
        let queue = RunQueue(missing, arguments: options)
        let failures = Mutex<[String]>([])
        queue.play(jobs: jobs) { outcome in
            guard let result = outcome.result else {
                let reason = outcome.error.isEmpty ? "it ended without a result" : outcome.error
                return failures.withLock { $0.append("run \(outcome.number): \(reason)") }
            }
            do { try folder.write(result, to: ResultFolder.runFile(outcome.number)) } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        let failed = failures.withLock { $0 }
        guard failed.isEmpty else {
            throw CommandFailure(
                status: .internal,
                message: failed.joined(separator: "\n"),
                hint: "finished runs are kept; --only-missing plays the others"
            )
        }
    }

    private func finish(
        _ experiment: Experiment,
        _ summary: Summary,
        _ results: [RunResult],
        _ folder: ResultFolder
    ) throws {
        for result in results {
            for violation in result.violations.prefix(3) {
                Terminal.note(
                    "violation: run \(result.run) seed \(result.seed) event \(violation.event): "
                        + violation.what
                )
                Terminal.note(
                    "replay: prost-sim replay \(folder.path) --run \(result.run) "
                        + "--until-event \(violation.event - 1)"
                )
            }
        }
        for failure in summary.failedExpectations { Terminal.note("failed: \(failure)") }
        if json {
            print(Terminal.json(summary))
        } else {
            print(
                "\(summary.runs) runs, \(summary.failedExpectations.count) expectations failed, "
                    + "\(summary.violations) violations, fingerprint \(summary.fingerprint)"
            )
            print("\(folder.path)report.html")
        }
        if !summary.failedExpectations.isEmpty { throw ExitCode(ExitStatus.negative.rawValue) }
    }
}
