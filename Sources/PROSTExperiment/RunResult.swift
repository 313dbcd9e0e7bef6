/// What one run showed; its file is `runs/run-NNN.json`.
package struct RunResult: Codable, Hashable, Sendable {
    package var run: Int
    package var seed: UInt64
    /// All parameters that differ from the standard.
    package var parameters: [String: String]
    /// The swept ones.
    package var point: [String: String]
    package var metrics: [String: Double]
    /// Lookups by number of hops.
    package var hops: [UInt64]
    /// Quantiles of the time to the answer, milliseconds: 0, 1, …, 100 percent.
    package var latencies: [Double]
    /// Figures of equal parts of the measurement.
    package var series: [SeriesPoint]
    /// The first violations, as people read them.
    package var violations: [ViolationRecord]
    package var fingerprint: String
    /// Fingerprint of the matrix or trace that was played; nil without any.
    package var files: String?
    /// Of the sources that the tool was built from, as far as it is known.
    package var revision: String?

    package struct SeriesPoint: Codable, Hashable, Sendable {
        /// End of the part, seconds after the transition.
        package var time: Double
        package var nodes: Int
        /// Answered by the right node.
        package var lookups: UInt64
        package var lost: UInt64
        package var maintenanceBytes: Double
    }

    package struct ViolationRecord: Codable, Hashable, Sendable {
        /// Events of the simulation before it was found.
        package var event: UInt64
        package var seconds: Double
        package var what: String
    }

    /// Whether it is this run's, as far as the experiment's own file says.
    package func matches(_ run: Experiment.Run) -> Bool {
        parameters == run.values.texts && seed == run.seed && point == run.point
    }

    /// Whether it is this run's with these files.
    package func matches(_ run: Experiment.Run, files: String?) -> Bool {
        matches(run) && self.files == files
    }

    /// Whether it can have been made by a run: numbers that figures can be made of.
    var isSound: Bool {
        let numbers =
            Array(metrics.values) + latencies + series.map(\.time)
            + series.map(\.maintenanceBytes)
        return numbers.allSatisfy { (0...1e18).contains($0) }
            && hops.count <= 256 && hops.allSatisfy { $0 <= 1 << 40 }
            && series.allSatisfy { $0.lookups <= 1 << 40 && $0.lost <= 1 << 40 && $0.nodes >= 0 }
            && violations.allSatisfy { $0.event > 0 && (0...1e18).contains($0.seconds) }
    }
}

/// Numbers as people read them, the same everywhere.
package enum NumberText {
    /// Up to six significant digits.
    package static func short(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
        var decimals = 3
        if value.magnitude < 0.1 { decimals = 5 }
        if value.magnitude >= 1000 { decimals = 0 }
        return fixed(value, decimals)
    }

    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "-" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        let whole = scaled.magnitude / UInt64(scale)
        let sign = scaled < 0 ? "-" : ""
        guard decimals > 0 else { return sign + "\(whole)" }
        let rest = String(scaled.magnitude % UInt64(scale) + UInt64(scale)).dropFirst()
        return "\(sign)\(whole).\(rest)"
    }
}
