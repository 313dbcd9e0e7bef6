package import SansIO

/// Machines as points of a plane with a link of their own to it: the delay between two is their
/// distance and both links.
package struct NetworkPlaces: Sendable {
    private struct Place: Sendable {
        var x: Int64
        var y: Int64
        /// Nanoseconds.
        var link: UInt64
    }

    private let places: [Place]

    package var count: Int { places.count }

    /// One way.
    package func delay(from: Int, to: Int) -> TimeSpan {
        guard from != to, !places.isEmpty else { return TimeSpan(nanoseconds: 20_000) }
        let a = places[from % places.count]
        let b = places[to % places.count]
        let dx = UInt128((a.x - b.x).magnitude)
        let dy = UInt128((a.y - b.y).magnitude)
        let distance = BinaryLogarithm.squareRoot(dx * dx + dy * dy)
        return TimeSpan(nanoseconds: distance &+ a.link &+ b.link)
    }

    /// Points of a square, equally likely, whose mean round trip is `mean`.
    package static func square(
        count: Int,
        meanRoundTrip mean: TimeSpan,
        seed: UInt64
    ) -> NetworkPlaces {
        var random = DeterministicRandom(seed: seed).stream("places")
        // The mean distance of two points of a unit square is 0.5214.
        let side = mean.scaled(by: 5000, over: 5214).nanoseconds
        return NetworkPlaces(
            places: (0..<max(count, 0)).map { _ in
                Place(
                    x: Int64(clamping: random.below(side)),
                    y: Int64(clamping: random.below(side)),
                    link: 0
                )
            }
        )
    }

    /// Round trips like those between name servers in the King data: most machines on two
    /// continents, each with an access link of its own.
    ///
    /// After Gummadi et al. 2002.
    /// `Spec/simulator.md` §3 states the quantiles, and a test holds it to them.
    package static func king(count: Int, seed: UInt64) -> NetworkPlaces {
        var random = DeterministicRandom(seed: seed).stream("king")
        let access = Distribution.weibull(median: .milliseconds(6), shape: 700)
        return NetworkPlaces(
            places: (0..<max(count, 0)).map { _ in
                let draw = random.below(100)
                let region = regions.first { draw < $0.below } ?? regions[0]
                func spread(_ centre: Int64, _ width: Int64) -> Int64 {
                    centre - width + Int64(clamping: random.below(UInt64(2 * width)))
                }
                return Place(
                    x: spread(region.x, region.width),
                    y: spread(region.y, region.height),
                    link: min(access.draw(&random).nanoseconds, 150_000_000)
                )
            }
        )
    }

    private struct Region {
        /// Percent of machines up to and with this region.
        var below: UInt64
        /// Nanoseconds of one way.
        var x: Int64
        var y: Int64
        var width: Int64
        var height: Int64
    }

    private static func region(
        _ below: UInt64,
        _ x: Int64,
        _ y: Int64,
        _ width: Int64,
        _ height: Int64
    ) -> Region {
        Region(
            below: below,
            x: x * 1_000_000,
            y: y * 1_000_000,
            width: width * 1_000_000,
            height: height * 1_000_000
        )
    }

    /// America, Europe, Asia, the south.
    private static let regions = [
        region(55, 0, 0, 22, 10),
        region(83, 50, 0, 13, 8),
        region(95, -70, 5, 20, 15),
        region(100, 0, 90, 40, 20),
    ]
}
