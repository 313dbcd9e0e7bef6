internal import ArgumentParser
internal import Foundation
internal import PROSTExperiment
internal import StrictYAML

/// The experiments of a folder.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Experiments of a folder with what they are about; metrics and parameters.",
        aliases: ["gallery"]
    )

    @Argument(help: "Folder of experiments.")
    var folder = "Experiments"
    @Flag(help: "List the parameters of an experiment instead.")
    var parameters = false
    @Flag(help: "List the metrics instead.")
    var metrics = false

    func run() throws {
        try reporting {
            if parameters {
                let rows = ParameterTable.all.map { [$0.key, $0.standard ?? "", $0.help] }
                return print(Terminal.table([["parameter", "standard", "what"]] + rows))
            }
            if metrics {
                let rows = Metric.all.map { [$0.name, $0.help] }
                return print(Terminal.table([["metric", "what"]] + rows))
            }
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
                throw CommandFailure(
                    status: .noInput,
                    message: "there is no folder \(folder)",
                    hint: "prost-sim list FOLDER"
                )
            }
            let rows = names.sorted().filter { $0.hasSuffix(".yaml") }.map { name -> [String] in
                guard let experiment = try? ExperimentFile.load(path: "\(folder)/\(name)") else {
                    return ["\(folder)/\(name)", "", "has mistakes: prost-sim check"]
                }
                return ["\(folder)/\(name)", "\(experiment.runCount)", experiment.description]
            }
            print(Terminal.table([["file", "runs", "what"]] + rows))
        }
    }
}
