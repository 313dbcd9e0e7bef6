package import KBR
package import SansIO

/// What the layers above share with the failure detector: their round trips are its round trips.
extension ChordNode {
    /// Tells of a round trip that another protocol measured.
    package mutating func noteRoundTrip(to id: Identifier, _ span: TimeSpan) {
        detector.measured(span, to: id)
    }

    /// How long to wait for a peer's first answer (RFC 6298 with this ring's bounds).
    package func timeout(for id: Identifier) -> TimeSpan {
        detector.timeout(for: id, attempt: 1, configuration)
    }

    package func smoothedRoundTrip(to id: Identifier) -> TimeSpan? {
        detector.smoothedRoundTrip(to: id)
    }

    package var measuredRoundTrips: [(id: Identifier, span: TimeSpan)] { detector.measuredPeers }

    package var suspectedPeers: [Identifier] { detector.suspectedPeers }
}

extension FailureDetector {
    /// In order of identifiers.
    var measuredPeers: [(id: Identifier, span: TimeSpan)] {
        knownPeers.sorted().compactMap { id in smoothedRoundTrip(to: id).map { (id, $0) } }
    }
}
