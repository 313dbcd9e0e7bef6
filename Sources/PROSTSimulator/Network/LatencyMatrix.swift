package import SansIO

/// Measured round trips between machines, as King's and p2psim's files list them.
package struct LatencyMatrix: Sendable {
    /// Machines.
    package let count: Int
    /// Half of each round trip in microseconds, row after row.
    private let halves: [UInt32]

    /// `roundTrips` in microseconds, row after row; nil unless it is square and not empty.
    package init?(roundTrips: [UInt32]) {
        let count = Int(BinaryLogarithm.squareRoot(UInt128(roundTrips.count)))
        guard count > 0, count * count == roundTrips.count else { return nil }
        self.count = count
        halves = roundTrips.map { $0 / 2 }
    }

    /// Machines beyond the file's take the places of its first ones again.
    package func delay(from: Int, to: Int) -> TimeSpan {
        .microseconds(UInt64(halves[from % count * count + to % count]))
    }
}
