import PROSTSimulator
import SansIO
import Testing

/// Distributions against what mathematics says of them (`Spec/simulator.md` §4).
@Suite struct DistributionTests {
    private func seconds(_ span: TimeSpan) -> Double { Double(span.nanoseconds) / 1e9 }

    private func isNear(_ found: Double, _ wanted: Double, within share: Double = 1e-6) -> Bool {
        (found - wanted).magnitude <= wanted.magnitude * share
    }

    /// What a fraction `1 - tail` of draws stays below.
    private func quantile(_ distribution: Distribution, tail: Double) -> Double {
        seconds(distribution.quantile(of: UInt64(tail * 18_446_744_073_709_551_616.0)))
    }

    @Test func `logarithms and powers are exact where they are whole`() {
        for exponent in UInt64(0)..<63 {
            #expect(BinaryLogarithm.log2(1 << exponent) == exponent << 32)
        }
        #expect(BinaryLogarithm.power(5 << 32, times: 3) == 96)
        #expect(BinaryLogarithm.power(-2 << 32, times: 100) == 25)
        #expect(BinaryLogarithm.power(1 << 31, times: 1_000_000) == 1_414_213)
        #expect(BinaryLogarithm.power(70 << 32, times: 1) == .max)
        #expect(BinaryLogarithm.squareRoot(1 << 100) == 1 << 50)
        #expect(BinaryLogarithm.squareRoot(99) == 9)
    }

    @Test func `log2 of 3 has the digits it has`() {
        // 1.58496250072115618...
        #expect(BinaryLogarithm.log2(3) == UInt64(1.5849625007211561 * 4_294_967_296))
    }

    @Test func `an exponential distribution has its quantiles`() {
        let distribution = Distribution.exponential(mean: .seconds(100))
        #expect(isNear(quantile(distribution, tail: 0.5), 69.314_718_056))
        #expect(isNear(quantile(distribution, tail: 0.25), 138.629_436_112))
        #expect(isNear(quantile(distribution, tail: 0.125), 207.944_154_168))
        #expect(isNear(seconds(distribution.median), 69.314_718_056))
    }

    @Test func `a weibull distribution has its quantiles`() {
        // Shape 1/2: scale * (ln 1/tail)^2.
        let distribution = Distribution.weibull(scale: .seconds(100), shape: 500)
        #expect(isNear(quantile(distribution, tail: 0.5), 48.045_301_392))
        #expect(isNear(quantile(distribution, tail: 0.125), 432.407_712_526))
        let byMedian = Distribution.weibull(median: .seconds(84), shape: 500)
        #expect(isNear(seconds(byMedian.median), 84, within: 1e-6))
    }

    @Test func `a pareto distribution has its quantiles`() {
        // Shape 2: least * (1/tail)^(1/2).
        let distribution = Distribution.pareto(least: .seconds(10), shape: 2000)
        #expect(isNear(quantile(distribution, tail: 0.25), 20))
        #expect(isNear(quantile(distribution, tail: 1.0 / 64), 80))
        #expect(isNear(seconds(Distribution.pareto(median: .seconds(60), shape: 1500).median), 60))
        guard case .pareto(let least, _) = Distribution.pareto(mean: .seconds(60), shape: 3000)
        else {
            Issue.record("no pareto")
            return
        }
        #expect(isNear(seconds(least), 40))
    }

    /// Γ(1 + 1/k) is 2 for shape 1/2 and 1 for shape 1.
    @Test func `a weibull distribution is given by its mean`() {
        for (shape, gamma) in [(UInt64(500), 2.0), (1000, 1.0), (2000, 0.886_226_925)] {
            guard
                case .weibull(let scale, _) = Distribution.weibull(
                    mean: .seconds(600),
                    shape: shape
                )
            else {
                Issue.record("no weibull")
                continue
            }
            #expect(isNear(seconds(scale), 600 / gamma, within: 0.001), "shape \(shape)")
        }
    }

    @Test func `draws have the mean of their distribution`() {
        var random = DeterministicRandom(seed: 5)
        for distribution in [
            Distribution.exponential(mean: .seconds(10)), .weibull(mean: .seconds(10), shape: 1500),
            .uniform(.seconds(5), .seconds(15)), .constant(.seconds(10)),
        ] {
            let count = 20_000
            let sum = (0..<count).reduce(0.0) { sum, _ in sum + seconds(distribution.draw(&random))
            }
            #expect(isNear(sum / Double(count), 10, within: 0.03), "\(distribution)")
        }
    }

    @Test func `no draw is longer than a year or shorter than nothing`() {
        let distribution = Distribution.pareto(least: .seconds(1), shape: 100)
        #expect(distribution.quantile(of: 0) == Distribution.longest)
        #expect(distribution.quantile(of: .max) >= .milliseconds(999))
    }
}
