internal import ArgumentParser
internal import Foundation
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

    func run() throws {
        try reporting {
            let folder = ResultFolder(folder)
            let (experiment, provenance) = try Results.experiment(of: folder)
            let before = Dictionary(
                try folder.results().map { ($0.run, $0.fingerprint) },
                uniquingKeysWith: { $1 }
            )
            // The folder's own file may lie elsewhere than what it names.
            let copy =
                provenance.folder + ".prost-sim-\(ProcessInfo.processInfo.processIdentifier).yaml"
            try Data(try folder.text("experiment.yaml").utf8).write(to: URL(fileURLWithPath: copy))
            defer { try? FileManager.default.removeItem(atPath: copy) }
            var options = [copy]
            for setting in provenance.settings { options += ["--set", setting] }
            if let seeds = provenance.seeds { options += ["--seeds", seeds] }
            let runs = experiment.runs.filter { before[$0.number] != nil }
            let differing = Mutex<[String]>([])
            RunQueue(runs, arguments: options).play(jobs: max(1, min(jobs, 1024))) { outcome in
                let found = outcome.result?.fingerprint ?? "no result: \(outcome.error)"
                guard found != before[outcome.number] else { return }
                differing.withLock {
                    $0.append(
                        "run \(outcome.number): \(before[outcome.number] ?? ""), now \(found)"
                    )
                }
            }
            let wrong = differing.withLock { $0.sorted() }
            for line in wrong { Terminal.note(line) }
            print("\(runs.count - wrong.count)/\(runs.count) fingerprints equal")
            if !wrong.isEmpty { throw ExitCode(ExitStatus.negative.rawValue) }
        }
    }
}
