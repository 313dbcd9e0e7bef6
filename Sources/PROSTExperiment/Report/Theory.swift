internal import PROSTSimulator

/// What theory says beside what was measured.
enum Theory {
    static func log2(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        // 20 bits after the point are enough for a figure.
        let scaled = UInt64(min(max(value * 1_048_576, 1), 9e18))
        let fixed = BinaryLogarithm.log2(scaled)
        return Double(fixed) / Double(BinaryLogarithm.one) - 20
    }

    /// Mean hops on N nodes with successor lists of r: 1/2 log2 N - 1/2 log2 r + 1.
    ///
    /// Stoica et al. 2003, §VI.
    static func hops(nodes: Double, successors: Double) -> Double {
        log2(nodes) / 2 - log2(successors) / 2 + 1
    }
}
