internal import SansIO

/// What an experiment will cost, from the rates of its parameters.
package struct CostEstimate: Sendable {
    package private(set) var inputs = 0.0
    package private(set) var seconds = 0.0
    package private(set) var peakBytes = 0.0

    /// Inputs of one stabilization: query, answer, notify, and the wake.
    private static let perStabilization = 4.0
    /// Of one finger's repair, which asks about two nodes, and of one hop there and back.
    private static let perRepair = 5.0
    private static let perHop = 3.0
    /// As `Spec/decisions/0013-simulator-speed.md` measured, rounded down.
    private static let inputsPerSecond = 200_000.0
    private static let bytesPerNode = 12_000.0

    package init(_ experiment: Experiment) {
        for run in experiment.runs {
            let values = run.values
            let nodes = Double(values.count("nodes"))
            func rate(_ key: String) -> Double {
                1e9 / max(Double(values.duration(key).nanoseconds), 1)
            }
            let span =
                Double(
                    (values.duration("phases.transition") + values.duration("phases.measurement"))
                        .nanoseconds
                ) / 1e9
            let hops = Theory.hops(
                nodes: nodes,
                successors: Double(values.count("overlay.successors"))
            )
            var perSecond =
                rate("overlay.stabilize") * Self.perStabilization
                + rate("overlay.fix_fingers") * Self.perRepair
            if values.text("workload.type") != "none" {
                perSecond += rate("workload.interval") * (2 + max(hops, 1) * Self.perHop)
            }
            inputs += nodes * span * perSecond
            peakBytes = max(peakBytes, nodes * Self.bytesPerNode)
        }
        seconds = inputs / Self.inputsPerSecond
    }
}
