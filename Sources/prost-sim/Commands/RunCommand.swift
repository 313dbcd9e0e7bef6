internal import ArgumentParser
internal import PROSTExperiment
internal import StrictYAML
internal import Synchronization

/// All runs of an experiment.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Play all runs of an experiment; exit 1 if not all is as expected.",
        discussion: """
            Every expectation is to hold, and no predicate of the ring to be violated unless an
            expectation speaks of violations.

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
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(asJSON: output.json) {
            guard (1...1024).contains(jobs) else {
                throw CommandFailure(.usage, "--jobs is between 1 and 1024")
            }
            let text = try StrictYAML.text(at: arguments.file)
            let experiment = try arguments.parse(text)
            let folder = ResultFolder(out ?? "\(experiment.name).results")
            let provenance = Results.provenance(experiment, arguments)
            try folder.prepare(text, provenance, keepingRuns: onlyMissing)
            try play(experiment, provenance, to: folder)
            let results = try folder.results(of: experiment)
            let summary = try Results.write(results, of: experiment, provenance, to: folder)
            try finish(experiment, summary, results, folder)
        }
    }

    private func play(
        _ experiment: Experiment,
        _ provenance: Provenance,
        to folder: ResultFolder
    ) throws {
        var missing = experiment.runs
        if onlyMissing {
            var files = FileFingerprints(experiment)
            missing = try missing.filter { run in
                let fingerprint = try files.of(run)
                // What is damaged is played again.
                let result = try? folder.result(run.number)
                return result?.matches(run, files: fingerprint) != true
            }
        }
        let queue = RunQueue(missing, arguments: Results.arguments(folder, provenance))
        let failures = Mutex<[String]>([])
        queue.play(jobs: jobs) { outcome in
            guard var result = outcome.result else {
                let reason = outcome.error.isEmpty ? "it ended without a result" : outcome.error
                return failures.withLock { $0.append("run \(outcome.number): \(reason)") }
            }
            result.revision = provenance.revision
            do { try folder.write(result, to: ResultFolder.runFile(outcome.number)) } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        let failed = failures.withLock { $0 }
        guard failed.isEmpty else {
            throw CommandFailure(
                .internal,
                failed.joined(separator: "\n"),
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
        for text in experiment.unchecked {
            Terminal.note("not checked, since no run is meant: \(text)")
        }
        if output.json {
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
