internal import KBR
internal import SansIO

/// Round trips and suspicion of peers (`Spec/chord.md` §5).
struct FailureDetector: Sendable {
    /// Smoothed round trip and its variation, as TCP keeps them (RFC 6298), in nanoseconds.
    private struct RoundTrip: Sendable {
        var smoothed: UInt64
        var variation: UInt64
        var lastUse: UInt64
    }

    /// Most peers remembered; the longest unused one is forgotten first.
    private static let limit = 256

    private var roundTrips = IdentifierMap<RoundTrip>()
    private var suspects: [Identifier: Instant] = [:]
    /// Grows with each change of who is suspected.
    private(set) var suspectVersion: UInt64 = 0
    private var uses: UInt64 = 0

    func isSuspected(_ id: Identifier) -> Bool { !suspects.isEmpty && suspects[id] != nil }

    var suspectsNobody: Bool { suspects.isEmpty }

    /// In order of identifiers.
    var suspectedPeers: [Identifier] { suspects.keys.sorted() }

    mutating func suspect(_ id: Identifier, until deadline: Instant) {
        if suspects.count >= Self.limit, suspects[id] == nil,
            let oldest = suspects.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
        {
            suspects[oldest.key] = nil
        }
        if suspects.updateValue(deadline, forKey: id) == nil { suspectVersion += 1 }
    }

    mutating func trust(_ id: Identifier) {
        if suspects.removeValue(forKey: id) != nil { suspectVersion += 1 }
    }

    /// Forgets suspicions that are over and returns when the next one will be.
    mutating func expire(at now: Instant) -> Instant? {
        let before = suspects.count
        suspects = suspects.filter { $0.value > now }
        if suspects.count != before { suspectVersion += 1 }
        return suspects.values.min()
    }

    mutating func measured(_ span: TimeSpan, to id: Identifier) {
        uses += 1
        let sample = span.nanoseconds
        guard var trip = roundTrips[id] else {
            forgetOldestIfFull()
            roundTrips[id] = RoundTrip(smoothed: sample, variation: sample / 2, lastUse: uses)
            return
        }
        let error = sample > trip.smoothed ? sample - trip.smoothed : trip.smoothed - sample
        trip.variation = trip.variation / 4 * 3 + error / 4
        trip.smoothed = trip.smoothed / 8 * 7 + sample / 8
        trip.lastUse = uses
        roundTrips[id] = trip
    }

    private mutating func forgetOldestIfFull() {
        guard roundTrips.count >= Self.limit,
            let oldest = roundTrips.least(by: { $0.value.lastUse < $1.value.lastUse })
        else { return }
        roundTrips[oldest.key] = nil
    }

    var knownPeers: [Identifier] { roundTrips.keys }

    func smoothedRoundTrip(to id: Identifier) -> TimeSpan? {
        roundTrips[id].map { TimeSpan(nanoseconds: $0.smoothed) }
    }

    /// How long to wait for the answer to the given attempt, counted from 1.
    func timeout(
        for id: Identifier,
        attempt: Int,
        _ configuration: ChordConfiguration
    ) -> TimeSpan {
        let first =
            roundTrips[id].map { trip in
                max(
                    TimeSpan(nanoseconds: trip.smoothed) + TimeSpan(nanoseconds: trip.variation)
                        * 4,
                    configuration.minimumTimeout
                )
            } ?? configuration.initialTimeout
        let factor: UInt64 = 1 << UInt64(min(max(attempt - 1, 0), 16))
        return min(first * factor, configuration.maximumTimeout)
    }
}
