internal import Chord
internal import PROSTNode
internal import PROSTSimulator
internal import SansIO

/// One run's parameters as the simulator takes them.
struct Scenario {
    var settings: SimulationSettings
    var churn: Churn.Model?
    var fault: Fault?

    init(_ run: Experiment.Run, files: ScenarioFiles) {
        let values = run.values
        settings = SimulationSettings()
        settings.seed = run.seed
        settings.keptEvents = .error
        settings.lossPer65536 = values.fraction("underlay.loss") * 65_536 / 1_000_000
        settings.setUpDelays = values.count("underlay.set_up")
        settings.setUpBytes = values.bytes("underlay.set_up_bytes")
        let bandwidth = values.bytes("underlay.bandwidth")
        settings.bytesPerSecond = bandwidth == 0 ? nil : bandwidth
        let inputTime = values.duration("underlay.input_time")
        settings.inputTime = inputTime == .zero ? nil : inputTime
        settings.configuration.replicas = values.int("overlay.replicas")
        settings.configuration.chord = Self.chord(values)
        settings.latency = Self.latency(values, seed: run.seed, files: files)
        churn = Self.churn(values, files: files)
        fault = Self.fault(values)
    }

    private static func chord(_ values: ParameterValues) -> ChordConfiguration {
        var chord = ChordConfiguration(successorListLength: values.int("overlay.successors"))
        chord.geometry = Geometry(rawValue: values.text("overlay.type") ?? "") ?? .chord
        let period = values.duration("overlay.stabilize")
        chord.stabilizePeriod = period
        chord.fingerCandidates = values.int("overlay.finger_candidates")
        chord.fingerPeriod = values.duration("overlay.fix_fingers")
        // A predecessor vouches for the range as many periods as by default.
        chord.verificationSpan = max(chord.verificationSpan, period * 8)
        return chord
    }

    private static func latency(
        _ values: ParameterValues,
        seed: UInt64,
        files: ScenarioFiles
    ) -> LatencyModel {
        // Under churn machines take the places of earlier ones.
        let count = values.int("nodes")
        switch values.text("underlay.type") {
        case "uniform":
            return .uniform(
                values.duration("underlay.least")
                    .nanoseconds...max(
                        values.duration("underlay.least"),
                        values.duration("underlay.most")
                    ).nanoseconds
            )
        case "coordinates":
            let mean = values.duration("underlay.mean_rtt")
            return .places(.square(count: count, meanRoundTrip: mean, seed: seed))
        case "king": return .places(.king(count: count, seed: seed))
        case "matrix":
            guard let matrix = files.matrix else { break }
            return .matrix(matrix)
        default: break
        }
        return .constant(values.duration("underlay.delay"))
    }

    private static func churn(_ values: ParameterValues, files: ScenarioFiles) -> Churn.Model? {
        switch values.text("churn.type") {
        case "lifetime": .lifetime(distribution(values))
        case "random": .random(mean: values.duration("churn.interval"))
        case "trace": files.trace.map { .trace($0) }
        default: nil
        }
    }

    static func distribution(_ values: ParameterValues) -> Distribution {
        let shape = values.decimal("churn.shape")
        let median = values.duration("churn.median")
        let mean = values.duration("churn.mean")
        let byMedian = values.isSet("churn.median")
        switch values.text("churn.distribution") {
        case "exponential":
            guard byMedian else { return .exponential(mean: mean) }
            let unit = Distribution.exponential(mean: .seconds(1)).median
            return .exponential(mean: median.scaled(by: 1_000_000_000, over: unit.nanoseconds))
        case "pareto":
            return byMedian
                ? .pareto(median: median, shape: shape) : .pareto(mean: mean, shape: shape)
        default:
            return byMedian
                ? .weibull(median: median, shape: shape) : .weibull(mean: mean, shape: shape)
        }
    }

    private static func fault(_ values: ParameterValues) -> Fault? {
        let span = values.duration("fault.span")
        let kind: Fault.Kind
        switch values.text("fault.type") {
        case "kill":
            let disk: Fault.Disk? =
                switch values.text("fault.restart") {
                case "old": .old
                case "wiped": .wiped
                default: nil
                }
            kind = .kill(restart: disk, after: span)
        case "misroute": kind = .misroute
        case "correlated": kind = .correlated
        case "partition": kind = .partition(span, oneWay: values.text("fault.one_way") == "yes")
        case "pause": kind = .pause(span)
        case "slow": kind = .slow(span, factor: values.count("fault.factor"))
        case "flash": kind = .flash(span)
        default: return nil
        }
        return Fault(kind: kind, perMillion: values.fraction("fault.fraction"))
    }
}
