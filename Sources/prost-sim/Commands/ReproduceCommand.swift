internal import ArgumentParser
internal import PROSTExperiment
internal import Synchronization

/// Plays the runs of a folder of results again.
struct ReproduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Play all runs of a results' folder again; exit 1 if a fingerprint differs."
    )

    @Argument(help: "Folder of results.")
    var folder: String
    @Option(name: .shortAndLong, help: "Runs at the same time.")
    var jobs = 1
    @OptionGroup var output: OutputOptions

    private struct Difference: Encodable {
        var run: Int
        var before: String
        var now: String
    }

    private struct Answer: Encodable {
        var runs: Int
        var differing: [Difference]
    }

    func run() throws {
        try reporting(asJSON: output.json) {
            guard (1...1024).contains(jobs) else {
                throw CommandFailure(.usage, "--jobs is between 1 and 1024")
            }
            let folder = ResultFolder(folder)
            let (experiment, provenance) = try Results.experiment(of: folder, readsFiles: true)
            let before = Dictionary(
                try folder.results(of: experiment).map { ($0.run, $0.fingerprint) },
                uniquingKeysWith: { $1 }
            )
            let runs = experiment.runs.filter { before[$0.number] != nil }
            let differing = Mutex<[Difference]>([])
            let queue = RunQueue(runs, arguments: Results.arguments(folder, provenance))
            queue.play(jobs: jobs) { outcome in
                let found = outcome.result?.fingerprint ?? "no result: \(outcome.error)"
                guard let old = before[outcome.number], found != old else { return }
                differing.withLock {
                    $0.append(Difference(run: outcome.number, before: old, now: found))
                }
            }
            let wrong = differing.withLock { $0.sorted { $0.run < $1.run } }
            if output.json {
                print(Terminal.json(Answer(runs: runs.count, differing: wrong)))
            } else {
                for one in wrong { Terminal.note("run \(one.run): \(one.before), now \(one.now)") }
                print("\(runs.count - wrong.count)/\(runs.count) fingerprints equal")
            }
            if !wrong.isEmpty { throw ExitCode(ExitStatus.negative.rawValue) }
        }
    }
}
