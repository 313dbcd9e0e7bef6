internal import ArgumentParser
internal import PROSTExperiment

/// Tables, figures and the report of results that are there.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write tables, figures and report.html of a results' folder anew."
    )

    @Argument(help: "Folder of results.")
    var folder: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(asJSON: output.json) {
            let folder = ResultFolder(folder)
            let (experiment, provenance) = try Results.experiment(of: folder, readsFiles: false)
            let results = try folder.results(of: experiment)
            if results.count < experiment.runCount {
                Terminal.note("\(experiment.runCount - results.count) runs are missing")
            }
            let summary = try Results.write(results, of: experiment, provenance, to: folder)
            print(output.json ? Terminal.json(summary) : "\(folder.path)report.html")
        }
    }
}
