internal import Foundation

/// Where an experiment's results are (`Spec/simulator.md` §6).
package struct ResultFolder: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package enum Kind: Sendable {
            case missing
            /// There, and not what a run writes.
            case damaged
            case notWritable
        }

        package let kind: Kind
        package let description: String
    }

    package let path: String

    package init(_ path: String) { self.path = path.hasSuffix("/") ? path : path + "/" }

    package func file(_ name: String) -> String { path + name }

    package static func runFile(_ number: Int) -> String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, 4 - digits.count))
        return "runs/run-\(zeros)\(digits).json"
    }

    /// Makes the folder with the experiment's own file in it; a folder of anything else is refused.
    ///
    /// - Parameter keepingRuns: whether runs of before stay.
    package func prepare(
        _ experimentText: String,
        _ provenance: Provenance,
        keepingRuns: Bool
    ) throws {
        let manager = FileManager.default
        let there = (try? manager.contentsOfDirectory(atPath: path)) ?? []
        guard there.isEmpty || there.contains("provenance.json") else {
            throw Failure(
                kind: .notWritable,
                description: "\(path) has files in it that are no results"
            )
        }
        if !keepingRuns { try? manager.removeItem(atPath: file("runs")) }
        do {
            try manager.createDirectory(
                atPath: file("runs"),
                withIntermediateDirectories: true
            )
        } catch {
            throw Failure(
                kind: .notWritable,
                description: "\(path) cannot be made: \(error.localizedDescription)"
            )
        }
        try write(provenance, to: "provenance.json")
        try write(experimentText, to: "experiment.yaml")
    }

    /// Whole or not at all: an interrupted run leaves no half a file.
    package func write(_ text: String, to name: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)), options: .atomic)
        } catch {
            throw Failure(
                kind: .notWritable,
                description: "\(file(name)) cannot be written: \(error.localizedDescription)"
            )
        }
    }

    package func write(_ value: some Encodable, to name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let data = try encoder.encode(value)
        try write(String(decoding: data, as: UTF8.self) + "\n", to: name)
    }

    package func text(_ name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file(name)),
            let text = String(validating: data, as: UTF8.self)
        else { throw Failure(kind: .missing, description: "\(file(name)) cannot be read") }
        return text
    }

    /// Nil if there is none.
    package func result(_ number: Int) throws -> RunResult? {
        let name = Self.runFile(number)
        guard let data = FileManager.default.contents(atPath: file(name)) else { return nil }
        guard let result = try? JSONDecoder().decode(RunResult.self, from: data), result.isSound,
            result.run == number
        else { throw Failure(kind: .damaged, description: "\(file(name)) is no run's result") }
        return result
    }

    /// What there is of the experiment's runs, in order; of other runs the folder may keep results
    /// too.
    package func results(of experiment: Experiment) throws -> [RunResult] {
        var results: [RunResult] = []
        for run in experiment.runs {
            guard let result = try result(run.number), result.matches(run) else { continue }
            results.append(result)
        }
        guard !results.isEmpty else {
            throw Failure(kind: .missing, description: "there are no runs in \(path)")
        }
        return results
    }

    /// The settings and seeds that `run` was given.
    package func provenance() throws -> Provenance {
        guard let data = FileManager.default.contents(atPath: file("provenance.json")),
            let provenance = try? JSONDecoder().decode(Provenance.self, from: data)
        else {
            throw Failure(
                kind: .missing,
                description: "\(file("provenance.json")) cannot be read"
            )
        }
        return provenance
    }
}

/// Where results come from.
package struct Provenance: Codable, Hashable, Sendable {
    package var experiment: String
    package var tool: String
    /// Of the sources that the tool was built from, as far as it is known.
    package var revision: String
    package var settings: [String]
    package var seeds: String?
    /// Folder of the experiment's own file.
    package var folder: String
    package var start: String
    package var system: String

    package init(
        experiment: String,
        tool: String,
        revision: String,
        settings: [String],
        seeds: String?,
        folder: String,
        start: String,
        system: String
    ) {
        self.experiment = experiment
        self.tool = tool
        self.revision = revision
        self.settings = settings
        self.seeds = seeds
        self.folder = folder
        self.start = start
        self.system = system
    }
}
