package import SansIO

/// Parameters of one Chord node (`Spec/chord.md` §2); r must be the same on the whole ring.
package struct ChordConfiguration: Sendable {
    /// Length r of successor lists, 2 to 16; other values are brought into this range.
    package let successorListLength: Int
    package var geometry = Geometry.chord
    /// Mean time between two stabilizations, jittered by half.
    package var stabilizePeriod: TimeSpan = .milliseconds(500)
    /// Mean time between two finger repairs once all fingers were found, jittered by half.
    package var fingerPeriod: TimeSpan = .milliseconds(2000)
    /// Time-out of the first request to a peer.
    package var initialTimeout: TimeSpan = .milliseconds(500)
    /// Bounds of time-outs that follow measured round trips.
    package var minimumTimeout: TimeSpan = .milliseconds(100)
    package var maximumTimeout: TimeSpan = .milliseconds(2000)
    /// How often a request is sent before its peer is suspected, at least 2.
    package var attempts = 4
    /// How long a suspect is not readopted from hearsay.
    package var suspicionSpan: TimeSpan = .seconds(15)
    /// How long a predecessor's last notify vouches for this node's range.
    package var verificationSpan: TimeSpan = .seconds(4)
    /// Mean time between two questions to remembered peers whether theirs is the same ring,
    /// jittered by half.
    package var ringCheckPeriod: TimeSpan = .seconds(10)
    /// Mean wait before a join is tried again.
    package var joinRetry: TimeSpan = .milliseconds(500)
    /// Mean wait after BUSY, doubled up to four times while it lasts.
    package var busyRetry: TimeSpan = .milliseconds(20)
    /// Among how many nodes that follow its start a finger is chosen by its round trip; 1 takes
    /// the first, as in the Chord paper.
    package var fingerCandidates = 16

    package init(successorListLength: Int = 3) {
        self.successorListLength = min(max(successorListLength, 2), 16)
    }
}
