import PROSTSimulator
import SansIO
import Testing

@Suite struct LatencyTests {
    /// Round trips between distinct machines, in milliseconds, sorted.
    private func roundTrips(_ places: NetworkPlaces) -> [Double] {
        let model = LatencyModel.places(places)
        var found: [Double] = []
        for from in 0..<places.count {
            for to in 0..<from { found.append(Double(model.roundTrip(from, to).nanoseconds) / 1e6) }
        }
        return found.sorted()
    }

    /// `Spec/simulator.md` §3 states them.
    @Test(arguments: [UInt64(1), 2, 3])
    func `king-like round trips have the stated quantiles`(seed: UInt64) {
        let found = roundTrips(.king(count: 600, seed: seed))
        let stated = [(5, 34.0), (25, 82.0), (50, 138.0), (75, 208.0), (95, 318.0)]
        for (percent, milliseconds) in stated {
            let value = found[found.count * percent / 100]
            #expect(
                (value - milliseconds).magnitude < milliseconds * 0.2,
                "\(percent) %: \(value) ms"
            )
        }
    }

    @Test func `a square's mean round trip is the one asked for`() {
        let found = roundTrips(.square(count: 400, meanRoundTrip: .milliseconds(90), seed: 7))
        let mean = found.reduce(0, +) / Double(found.count)
        #expect((mean - 90).magnitude < 5, "\(mean)")
    }

    @Test func `a matrix is read row by row and machines beyond it start over`() throws {
        let matrix = try #require(LatencyMatrix(roundTrips: [0, 2000, 4000, 0]))
        #expect(matrix.count == 2)
        #expect(matrix.delay(from: 0, to: 1) == .milliseconds(1))
        #expect(matrix.delay(from: 1, to: 0) == .milliseconds(2))
        #expect(matrix.delay(from: 2, to: 3) == .milliseconds(1))
        #expect(LatencyMatrix(roundTrips: [1, 2, 3]) == nil)
        #expect(LatencyMatrix(roundTrips: []) == nil)
    }
}
