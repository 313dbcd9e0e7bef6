package import SansIO

/// How long a frame is under way from one machine to another (`Spec/simulator.md` §3).
package enum LatencyModel: Sendable {
    case constant(TimeSpan)
    /// Drawn anew for every frame, in nanoseconds.
    case uniform(ClosedRange<UInt64>)
    /// Half the round trip between two places.
    case places(NetworkPlaces)
    /// Half the round trip that a file lists.
    case matrix(LatencyMatrix)

    func delay(from: Int, to: Int, _ random: inout DeterministicRandom) -> TimeSpan {
        switch self {
        case .constant(let span): span
        case .uniform(let range):
            TimeSpan(
                nanoseconds: range.lowerBound
                    &+ random.below(range.upperBound &- range.lowerBound &+ 1)
            )
        case .places(let places): places.delay(from: from, to: to)
        case .matrix(let matrix): matrix.delay(from: from, to: to)
        }
    }

    /// The time of a way there and back without any queue; of `uniform`, the mean.
    package func roundTrip(_ from: Int, _ to: Int) -> TimeSpan {
        switch self {
        case .constant(let span): span * 2
        case .uniform(let range):
            TimeSpan(nanoseconds: range.lowerBound) + TimeSpan(nanoseconds: range.upperBound)
        case .places(let places): places.delay(from: from, to: to) * 2
        case .matrix(let matrix):
            matrix.delay(from: from, to: to) + matrix.delay(from: to, to: from)
        }
    }
}
