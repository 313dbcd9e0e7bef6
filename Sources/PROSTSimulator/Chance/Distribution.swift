package import SansIO

/// A distribution of lengths of time, drawn with whole numbers only (`Spec/simulator.md` §4).
package enum Distribution: Hashable, Sendable {
    case constant(TimeSpan)
    /// Every length from the first to the second, equally likely.
    case uniform(TimeSpan, TimeSpan)
    case exponential(mean: TimeSpan)
    /// `shape` in thousandths.
    case weibull(scale: TimeSpan, shape: UInt64)
    /// `shape` in thousandths; never shorter than `least`.
    case pareto(least: TimeSpan, shape: UInt64)

    /// Longest length that is drawn: a year.
    package static let longest = TimeSpan.seconds(366 * 86_400)

    /// ln 2 with 64 bits after the point.
    private static let ln2: UInt64 = 0xB172_17F7_D1CF_79AB

    package func draw(_ random: inout DeterministicRandom) -> TimeSpan {
        switch self {
        case .constant(let span): span
        case .uniform(let least, let most):
            least
                + TimeSpan(
                    nanoseconds: random.below(
                        (most.nanoseconds &- least.nanoseconds &+ 1)
                    )
                )
        default: quantile(of: random.next())
        }
    }

    /// The length that a fraction `1 - tail / 2^64` of all draws stays below.
    package func quantile(of tail: UInt64) -> TimeSpan {
        // -log2(tail / 2^64), 32 bits after the point.
        let bits = (64 << BinaryLogarithm.fractionBits) - BinaryLogarithm.log2(max(tail, 1))
        let span: UInt64
        switch self {
        case .constant(let length): span = length.nanoseconds
        case .uniform(let least, let most):
            let width = most.nanoseconds &- least.nanoseconds
            span = most.nanoseconds &- width.multipliedFullWidth(by: tail).high
        case .exponential(let mean): span = Self.scaled(mean.nanoseconds, by: Self.natural(bits))
        case .weibull(let scale, let shape):
            let logarithm = Int64(BinaryLogarithm.log2(max(Self.natural(bits), 1)))
            let exponent = Self.divided(logarithm - Int64(32 << 32), byThousandths: shape)
            span = BinaryLogarithm.power(exponent, times: scale.nanoseconds)
        case .pareto(let least, let shape):
            let exponent = Self.divided(Int64(clamping: bits), byThousandths: shape)
            span = BinaryLogarithm.power(exponent, times: least.nanoseconds)
        }
        return min(TimeSpan(nanoseconds: span), Self.longest)
    }

    package var median: TimeSpan { quantile(of: 1 << 63) }

    /// `bits` times ln 2, with 32 bits after the point.
    private static func natural(_ bits: UInt64) -> UInt64 {
        bits.multipliedFullWidth(by: ln2).high
    }

    private static func scaled(_ value: UInt64, by factor: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: factor)
        guard product.high >> 32 == 0 else { return .max }
        return product.high << 32 | product.low >> 32
    }

    private static func divided(_ exponent: Int64, byThousandths shape: UInt64) -> Int64 {
        let divisor = Int64(clamping: max(shape, 1))
        let (product, overflow) = exponent.multipliedReportingOverflow(by: 1000)
        return overflow ? exponent / divisor * 1000 : product / divisor
    }
}

extension Distribution {
    /// A Weibull distribution by its median, which `shape` (in thousandths) does not move.
    package static func weibull(median: TimeSpan, shape: UInt64) -> Distribution {
        let unit = Distribution.weibull(scale: .seconds(1), shape: shape).median.nanoseconds
        return .weibull(scale: median.scaled(by: 1_000_000_000, over: unit), shape: shape)
    }

    /// A Weibull distribution by its mean: the mean of unit scale is found by summing quantiles.
    package static func weibull(mean: TimeSpan, shape: UInt64) -> Distribution {
        let unit = Distribution.weibull(scale: .seconds(1), shape: shape).meanOfQuantiles
        return .weibull(scale: mean.scaled(by: 1_000_000_000, over: unit), shape: shape)
    }

    /// A Pareto distribution by its median.
    package static func pareto(median: TimeSpan, shape: UInt64) -> Distribution {
        let unit = Distribution.pareto(least: .seconds(1), shape: shape).median.nanoseconds
        return .pareto(least: median.scaled(by: 1_000_000_000, over: unit), shape: shape)
    }

    /// A Pareto distribution by its mean, which exists for shapes above 1.
    package static func pareto(mean: TimeSpan, shape: UInt64) -> Distribution {
        .pareto(least: mean.scaled(by: shape > 1000 ? shape - 1000 : 1, over: shape), shape: shape)
    }

    /// The mean in nanoseconds over quantiles that get denser towards the long tail.
    private var meanOfQuantiles: UInt64 {
        var sum: UInt128 = 0
        // Each octave of the tail, down to 2^-40, weighs half the one before and has 256 samples.
        for octave in UInt64(0)..<40 {
            var part: UInt128 = 0
            for step in UInt64(0)..<256 {
                let tail = (1 << (63 - octave)) + (2 * step + 1) << (54 - octave)
                part += UInt128(quantile(of: tail).nanoseconds)
            }
            sum += (part << 64) >> UInt128(8 + octave + 1)
        }
        return UInt64(clamping: sum >> 64)
    }
}

extension TimeSpan {
    /// This span times a fraction.
    package func scaled(by numerator: UInt64, over denominator: UInt64) -> TimeSpan {
        let product = UInt128(nanoseconds) * UInt128(numerator)
        return TimeSpan(nanoseconds: UInt64(clamping: product / UInt128(max(denominator, 1))))
    }
}
