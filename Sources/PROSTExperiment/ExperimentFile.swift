internal import Foundation
package import StrictYAML
internal import Suggestions

/// Reads experiment files; a file with any mistake gives no experiment (`Spec/simulator.md` §5).
package enum ExperimentFile {
    package static let version = 1
    private static let heads = [
        "prost-experiment", "name", "description", "seeds", "sweep", "expect",
    ]

    /// The experiment at `path` with `key=value` settings on top of what it says.
    package static func load(
        path: String,
        settings: [String] = [],
        seeds: String? = nil
    ) throws(ConfigurationErrors) -> Experiment {
        try parse(try StrictYAML.text(at: path), path: path, settings: settings, seeds: seeds)
    }

    /// What was read at `path`; files that it names are in `folder` instead if one is given.
    package static func parse(
        _ text: String,
        path: String,
        folder: String? = nil,
        settings: [String] = [],
        seeds: String? = nil
    ) throws(ConfigurationErrors) -> Experiment {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return try parse(
            text,
            file: name,
            folder: folder ?? String(path.dropLast(name.count)),
            settings: settings,
            seeds: seeds
        )
    }

    /// The experiment in a text whose files lie in `folder`.
    ///
    /// - Parameter readsFiles: whether matrices and traces that it names are looked at.
    package static func parse(
        _ text: String,
        file: String,
        folder: String = "",
        settings: [String] = [],
        seeds: String? = nil,
        readsFiles: Bool = true
    ) throws(ConfigurationErrors) -> Experiment {
        var yaml = StrictYAML(file: file)
        let plain = ParameterTable.keys.filter { ParameterTable.section(of: $0) == nil }
        let document = yaml.document(text, keys: heads + plain + ParameterTable.sections)
        // Of what is no mapping, nothing else can be said.
        if document.isEmpty, !text.isEmpty { try yaml.finish() }
        if let entry = document["prost-experiment"] {
            _ = yaml.number(entry, UInt64(version)...UInt64(version))
        } else {
            yaml.report("", 1, .missingKey("prost-experiment"))
        }
        var experiment = Experiment(
            name: yaml.text(document["name"]) ?? "",
            description: yaml.text(document["description"]) ?? "",
            folder: folder
        )
        if document["name"] == nil { yaml.report("", 1, .missingKey("name")) }
        checkName(document["name"], experiment.name, &yaml)
        readValues(document, plain, &experiment, &yaml)
        readSweep(document["sweep"], &experiment, &yaml)
        if let entry = document["seeds"] { readSeeds(entry, &experiment, &yaml) }
        for entry in yaml.list(document["expect"]) {
            guard let text = yaml.text(entry) else { continue }
            let (expectation, problem) = Expectation.parse(text, line: entry.line)
            if let expectation { experiment.expectations.append(expectation) }
            if let problem { yaml.report(entry, .invalid(problem)) }
        }
        // Settings may narrow a sweep, and leave nothing that an expectation speaks of.
        checkConditions(of: experiment, &yaml)
        apply(settings, to: &experiment, &yaml)
        if let seeds {
            if let list = Self.seeds(seeds) {
                experiment.seeds = list
            } else {
                yaml.report("--seeds", 0, .invalid(seedForm))
            }
        }
        if experiment.runCount > Experiment.runLimit {
            yaml.report("sweep", 0, .invalid("more than \(Experiment.runLimit) runs"))
        }
        try yaml.finish()
        try ScenarioCheck.check(experiment, file: file, readsFiles: readsFiles)
        return experiment
    }

    private static func checkName(
        _ entry: StrictYAML.Entry?,
        _ name: String,
        _ yaml: inout StrictYAML
    ) {
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        if let entry, !isPlain || name.count > 64 {
            yaml.report(entry, .invalid("a name has up to 64 letters, digits and hyphens"))
        }
    }

    private static func readValues(
        _ document: [String: StrictYAML.Entry],
        _ plain: [String],
        _ experiment: inout Experiment,
        _ yaml: inout StrictYAML
    ) {
        for key in plain { read(document[key], key, &experiment, &yaml) }
        for section in ParameterTable.sections {
            guard let entry = document[section] else { continue }
            let names = ParameterTable.keys.filter { ParameterTable.section(of: $0) == section }
                .map { String($0.dropFirst(section.count + 1)) }
            let entries = yaml.mapping(entry, keys: names)
            for name in names { read(entries[name], "\(section).\(name)", &experiment, &yaml) }
        }
    }

    private static func read(
        _ entry: StrictYAML.Entry?,
        _ key: String,
        _ experiment: inout Experiment,
        _ yaml: inout StrictYAML
    ) {
        guard let entry, let text = yaml.text(entry), let parameter = ParameterTable.named(key)
        else { return }
        if let problem = parameter.problem(in: text) {
            yaml.report(entry, problem)
        } else {
            experiment.values.set(key, text)
        }
    }

    private static func readSweep(
        _ entry: StrictYAML.Entry?,
        _ experiment: inout Experiment,
        _ yaml: inout StrictYAML
    ) {
        guard let entry else { return }
        let entries = yaml.mapping(entry, keys: ParameterTable.keys)
        let inOrder = entries.sorted { ($0.value.line, $0.key) < ($1.value.line, $1.key) }
        for (key, entry) in inOrder {
            guard let parameter = ParameterTable.named(key) else { continue }
            var values: [String] = []
            for item in yaml.list(entry) {
                guard let text = yaml.text(item) else { continue }
                if let problem = parameter.problem(in: text) {
                    yaml.report(item, problem)
                } else if values.contains(text) {
                    yaml.report(item, .invalid("\(text) is there twice"))
                } else {
                    values.append(text)
                }
            }
            if values.isEmpty { yaml.report(entry, .noValue) }
            experiment.axes.append(Experiment.Axis(key: key, values: values))
        }
    }

    /// An expectation that speaks of no run would always hold.
    private static func checkConditions(of experiment: Experiment, _ yaml: inout StrictYAML) {
        let conditions = experiment.expectations.map { ($0, $0.condition) }
        guard conditions.contains(where: { $1 != nil }),
            experiment.runCount <= Experiment.runLimit
        else { return }
        let runs = experiment.runs
        for (expectation, condition) in conditions {
            guard let condition, !runs.contains(where: { expectation.applies(to: $0.values) })
            else { continue }
            let what = "\(condition.key) \(condition.comparison.rawValue) \(condition.value)"
            yaml.report("expect", expectation.line, .invalid("no run has \(what)"))
        }
    }

    // MARK: Seeds and settings

    private static let seedForm = "write 1..10, 7, or a list of numbers"

    private static func readSeeds(
        _ entry: StrictYAML.Entry,
        _ experiment: inout Experiment,
        _ yaml: inout StrictYAML
    ) {
        var texts: [String] = []
        if entry.isList {
            texts = yaml.list(entry).compactMap { yaml.text($0) }
        } else if let text = yaml.text(entry) {
            texts = [text]
        }
        guard !texts.isEmpty else { return yaml.report(entry, .invalid(seedForm)) }
        experiment.seeds = []
        for text in texts {
            guard let more = seeds(text) else { return yaml.report(entry, .invalid(seedForm)) }
            experiment.seeds += more
            guard experiment.seeds.count <= Experiment.runLimit else {
                experiment.seeds = [1]
                return yaml.report(entry, .invalid("more than \(Experiment.runLimit) seeds"))
            }
        }
        if Set(experiment.seeds).count != experiment.seeds.count {
            yaml.report(entry, .invalid("a seed is there twice"))
        }
    }

    /// `7` or `1..10`.
    private static func seeds(_ text: String) -> [UInt64]? {
        if let single = UInt64(text) { return [single] }
        let ends = text.components(separatedBy: "..").map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last,
            last - first < UInt64(Experiment.runLimit)
        else { return nil }
        return Array(first...last)
    }

    /// A setting replaces the file's value, and a sweep of the same parameter.
    private static func apply(
        _ settings: [String],
        to experiment: inout Experiment,
        _ yaml: inout StrictYAML
    ) {
        for setting in settings {
            guard let sign = setting.firstIndex(of: "=") else {
                yaml.report("--set", 0, .invalid("\(setting): write KEY=VALUE"))
                continue
            }
            let key = String(setting[..<sign])
            let text = String(setting[setting.index(after: sign)...])
            guard let parameter = ParameterTable.named(key) else {
                let near = Suggestion.nearest(to: key, among: ParameterTable.keys)
                yaml.report("--set", 0, .unknownKey(key, suggestion: near))
                continue
            }
            if let problem = parameter.problem(in: text) {
                yaml.report("--set \(key)", 0, problem)
                continue
            }
            experiment.values.set(key, text)
            experiment.axes.removeAll { $0.key == key }
        }
    }
}
