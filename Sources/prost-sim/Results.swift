internal import Foundation
internal import PROSTExperiment

/// Writes everything that is made of runs' results.
enum Results {
    /// Arguments of `single-run` for the experiment of a folder.
    static func arguments(_ folder: ResultFolder, _ provenance: Provenance) -> [String] {
        var arguments = [folder.file("experiment.yaml"), "--folder", provenance.folder]
        for setting in provenance.settings { arguments += ["--set", setting] }
        if let seeds = provenance.seeds { arguments += ["--seeds", seeds] }
        return arguments
    }

    /// Tables, summary, figures and report; returns the summary.
    static func write(
        _ results: [RunResult],
        of experiment: Experiment,
        _ provenance: Provenance,
        to folder: ResultFolder
    ) throws -> Summary {
        let summary = Summary(
            experiment.name,
            results,
            failed: experiment.failures(in: results)
        )
        try folder.write(ResultTables.runs(results), to: "runs.csv")
        try folder.write(ResultTables.hops(results), to: "hops.csv")
        try folder.write(ResultTables.latencies(results), to: "latencies.csv")
        try folder.write(ResultTables.series(results), to: "series.csv")
        try folder.write(ResultTables.importScript, to: "import.sql")
        try folder.write(summary, to: "summary.json")
        try folder.write(provenance, to: "provenance.json")
        let fingerprints = results.map { "\($0.run) \($0.seed) \($0.fingerprint)\n" }.joined()
        try folder.write(fingerprints, to: "fingerprints.txt")
        try? FileManager.default.createDirectory(
            atPath: folder.file("figures"),
            withIntermediateDirectories: true
        )
        for figure in ReportPage.figures(experiment, results) {
            try folder.write(figure.svg + "\n", to: "figures/\(figure.name).svg")
        }
        try folder.write(
            ReportPage.html(experiment, results, summary, provenance),
            to: "report.html"
        )
        return summary
    }

    static func provenance(_ experiment: Experiment, _ arguments: ExperimentArguments) -> Provenance
    {
        Provenance(
            experiment: experiment.name,
            tool: ToolVersion.text,
            revision: revision,
            settings: arguments.set,
            seeds: arguments.seeds,
            folder: absolute(experiment.folder),
            start: Date().ISO8601Format(),
            system: ProcessInfo.processInfo.operatingSystemVersionString
        )
    }

    /// Results may be moved, and commands be given elsewhere.
    private static func absolute(_ folder: String) -> String {
        let path = URL(fileURLWithPath: folder.isEmpty ? "." : folder).standardizedFileURL.path
        return path.hasSuffix("/") ? path : path + "/"
    }

    /// Of the sources around the current folder, if git knows it.
    private static let revision: String = {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "unknown" }
        let data = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? "unknown" : text
    }()

    /// The experiment that a results' folder is of, with files that it names only if they are to
    /// be read.
    static func experiment(
        of folder: ResultFolder,
        readsFiles: Bool
    ) throws -> (Experiment, Provenance) {
        let provenance = try folder.provenance()
        let experiment = try ExperimentFile.parse(
            try folder.text("experiment.yaml"),
            file: "experiment.yaml",
            folder: provenance.folder,
            settings: provenance.settings,
            seeds: provenance.seeds,
            readsFiles: readsFiles
        )
        return (experiment, provenance)
    }
}
