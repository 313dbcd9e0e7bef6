internal import SansIO
internal import StrictYAML

/// What a file's values must keep together, for every run of the sweep, before anything runs.
enum ScenarioCheck {
    static func check(
        _ experiment: Experiment,
        file: String,
        readsFiles: Bool
    ) throws(ConfigurationErrors) {
        var errors: [ConfigurationError] = []
        var seen = Set<ParameterValues>()
        for run in experiment.runs where seen.insert(run.values).inserted {
            for (key, what) in problems(run.values) {
                let error = ConfigurationError(
                    file: file,
                    line: 0,
                    path: key,
                    reason: .contradiction(what)
                )
                if !errors.contains(error) { errors.append(error) }
            }
            guard errors.isEmpty, readsFiles else { continue }
            _ = try ScenarioFiles(run.values, folder: experiment.folder)
        }
        if !errors.isEmpty { throw ConfigurationErrors(errors) }
    }

    private static func problems(_ values: ParameterValues) -> [(key: String, what: String)] {
        var found: [(key: String, what: String)] = []
        let members = values.count("overlay.successors") + 1
        if values.text("start") == "ideal", values.count("nodes") < members + 1 {
            found.append(("nodes", "an ideal start needs more than \(members) nodes"))
        }
        if values.text("underlay.type") == "matrix", values.text("underlay.file") == nil {
            found.append(("underlay.file", "a matrix needs a file"))
        }
        if values.duration("underlay.least") > values.duration("underlay.most") {
            found.append(("underlay.least", "is above underlay.most"))
        }
        if values.duration("overlay.stabilize") == .zero {
            found.append(("overlay.stabilize", "must be above zero"))
        }
        if values.duration("overlay.fix_fingers") == .zero {
            found.append(("overlay.fix_fingers", "must be above zero"))
        }
        // Time between two lookups of the whole network is counted in nanoseconds.
        if values.text("workload.type") != "none",
            values.duration("workload.interval") < .microseconds(1) * values.count("nodes")
        {
            found.append(("workload.interval", "must be at least 1us for each node"))
        }
        return found + churnProblems(values) + faultProblems(values)
    }

    private static func churnProblems(
        _ values: ParameterValues
    ) -> [(key: String, what: String)] {
        var found: [(key: String, what: String)] = []
        switch values.text("churn.type") {
        case "lifetime":
            let isByMean = values.isSet("churn.mean")
            if isByMean == values.isSet("churn.median") {
                found.append(("churn.mean", "give either churn.mean or churn.median"))
            }
            if isByMean, values.text("churn.distribution") == "pareto",
                values.decimal("churn.shape") <= 1000
            {
                found.append(("churn.shape", "a pareto distribution has a mean above shape 1 only"))
            }
        case "random":
            if values.duration("churn.interval") == .zero {
                found.append(("churn.interval", "must be above zero"))
            }
        case "trace":
            if values.text("churn.file") == nil {
                found.append(("churn.file", "a trace needs a file"))
            }
        default: break
        }
        return found
    }

    private static func faultProblems(
        _ values: ParameterValues
    ) -> [(key: String, what: String)] {
        let type = values.text("fault.type")
        guard type != "none" else { return [] }
        var found: [(key: String, what: String)] = []
        if type == "slow", values.duration("underlay.input_time") == .zero {
            found.append(("fault.type", "slow needs underlay.input_time"))
        }
        if values.duration("fault.at") >= values.duration("phases.measurement") {
            found.append(("fault.at", "is not within phases.measurement"))
        }
        if type == "kill", values.text("fault.restart") != "no",
            values.fraction("fault.fraction") == 1_000_000
        {
            found.append(("fault.restart", "needs a node that is left to start again through"))
        }
        return found
    }
}
