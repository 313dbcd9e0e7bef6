/// Nearest-rank quantiles.
package enum Quantile {
    /// The smallest of the sorted, not empty values that `percent` of them do not exceed.
    package static func of(_ sorted: [UInt32], percent: Int) -> UInt32 {
        let rank = (sorted.count * percent + 99) / 100
        return sorted[min(max(rank - 1, 0), sorted.count - 1)]
    }

    /// The same where `counts` says how often each value from 0 occurs.
    package static func of(counts: [UInt64], percent: UInt64) -> Int {
        let total = counts.reduce(0, +)
        let rank = max((total * percent + 99) / 100, 1)
        var seen: UInt64 = 0
        for (value, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return value }
        }
        return max(counts.count - 1, 0)
    }
}

/// Mean and spread of one metric over runs that differ in their seed alone.
package struct Sample: Hashable, Sendable {
    package let count: Int
    package let mean: Double
    /// Of the values, with n - 1.
    package let variance: Double

    package init(_ values: [Double]) {
        count = values.count
        mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        let mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        variance = values.count > 1 ? squares / Double(values.count - 1) : 0
    }

    /// Half the width of the mean's 95 % confidence interval (Student); nil for a single value.
    package var halfWidth: Double? {
        guard count > 1 else { return nil }
        return StudentT.quantile975(Double(count - 1)) * (variance / Double(count)).squareRoot()
    }
}

/// The difference of two means with its 95 % confidence interval (Welch).
package struct Comparison: Hashable, Sendable {
    package let difference: Double
    /// Nil where a side has a single value.
    package let halfWidth: Double?

    package init(_ first: Sample, _ second: Sample) {
        difference = second.mean - first.mean
        guard first.count > 1, second.count > 1 else {
            halfWidth = nil
            return
        }
        let a = first.variance / Double(first.count)
        let b = second.variance / Double(second.count)
        guard a + b > 0 else {
            halfWidth = 0
            return
        }
        let freedom =
            (a + b) * (a + b)
            / (a * a / Double(first.count - 1) + b * b / Double(second.count - 1))
        halfWidth = StudentT.quantile975(freedom) * (a + b).squareRoot()
    }

    /// Whether zero lies outside the interval.
    package var isSignificant: Bool { halfWidth.map { difference.magnitude > $0 } ?? false }
}

/// Student's distribution.
package enum StudentT {
    private static let table: [Double] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ]

    /// What 97.5 % of the distribution stays below; between whole degrees of freedom the lower one
    /// counts, above 30 Cornish and Fisher's series.
    package static func quantile975(_ freedom: Double) -> Double {
        let whole = Int(max(1, min(freedom, 1e9)))
        if whole <= table.count { return table[whole - 1] }
        let z = 1.959964
        let n = Double(whole)
        return z + (z * z * z + z) / (4 * n)
            + (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * n * n)
    }
}
