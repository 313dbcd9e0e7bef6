package import SansIO

/// What became of lookups.
package struct LookupResults: Hashable, Sendable {
    package var started: UInt64 = 0
    package private(set) var answered: UInt64 = 0
    /// Ended without an answer.
    package var failed: UInt64 = 0
    /// Answered by a node that was the key's root neither when it was asked nor when it answered.
    package var wrong: UInt64 = 0
    /// How many took how many hops.
    package private(set) var hops: [UInt64] = []
    /// Times to the answer, in microseconds, as they came.
    package private(set) var times: [UInt32] = []
    /// Times in thousandths of a direct round trip between origin and root.
    package private(set) var stretches: [UInt32] = []

    package init() {}

    package mutating func add(hops count: Int, time: TimeSpan, direct: TimeSpan?) {
        answered += 1
        let count = min(max(count, 0), 255)
        while hops.count <= count { hops.append(0) }
        hops[count] += 1
        times.append(UInt32(clamping: time.nanoseconds / 1000))
        if let direct, direct.nanoseconds > 0 {
            stretches.append(
                UInt32(clamping: time.scaled(by: 1000, over: direct.nanoseconds).nanoseconds)
            )
        }
    }

    /// Answered by the right node.
    package var right: UInt64 { answered - min(wrong, answered) }

    /// Not answered by the right node.
    package var lost: UInt64 { started - min(answered, started) + wrong }
}
