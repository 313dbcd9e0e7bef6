internal import ArgumentParser
internal import Foundation
internal import PROSTExperiment
internal import StrictYAML

/// The experiments of a folder.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Experiments of a folder with what they are about; metrics and parameters."
    )

    @Argument(help: "Folder of experiments.")
    var folder = "Experiments"
    @Flag(help: "List the parameters of an experiment instead.")
    var parameters = false
    @Flag(help: "List the metrics instead.")
    var metrics = false
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(asJSON: output.json) {
            if parameters {
                let rows = ParameterTable.all.map { [$0.key, $0.standard ?? "", $0.help] }
                return show("parameters", ["parameter", "standard", "what"], rows)
            }
            if metrics {
                return show("metrics", ["metric", "what"], Metric.all.map { [$0.name, $0.help] })
            }
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
                throw CommandFailure(
                    .noInput,
                    "there is no folder \(folder)",
                    hint: "prost-sim list FOLDER"
                )
            }
            let rows = names.sorted().filter { $0.hasSuffix(".yaml") }.map { name -> [String] in
                guard let experiment = try? ExperimentFile.load(path: "\(folder)/\(name)") else {
                    return ["\(folder)/\(name)", "", "has mistakes: prost-sim check"]
                }
                return ["\(folder)/\(name)", "\(experiment.runCount)", experiment.description]
            }
            show("experiments", ["file", "runs", "what"], rows)
        }
    }

    private func show(_ name: String, _ header: [String], _ rows: [[String]]) {
        guard output.json else { return print(Terminal.table([header] + rows)) }
        let objects = rows.map { Dictionary(zip(header, $0), uniquingKeysWith: { $1 }) }
        print(Terminal.json([name: objects]))
    }
}
