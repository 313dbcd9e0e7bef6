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

    func run() throws {
        try reporting {
            let folder = ResultFolder(folder)
            let (experiment, provenance) = try Results.experiment(of: folder)
            _ = try Results.write(try folder.results(), of: experiment, provenance, to: folder)
            print("\(folder.path)report.html")
        }
    }
}
