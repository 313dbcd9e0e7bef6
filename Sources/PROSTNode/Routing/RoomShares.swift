package import KBR

/// Whom an entry of a bounded table is for: the first words of identifiers, which are hashes.
package struct RoomHolder: Hashable, Sendable {
    /// The node it came from; zero at its source.
    fileprivate let link: UInt64
    /// Zero for what is the node's own.
    fileprivate let application: UInt64

    package init(link: Identifier? = nil, application: ApplicationID? = nil) {
        self.link = link.map { max($0.words.0, 1) } ?? 0
        self.application = application.map { max($0.identifier.words.0, 1) } ?? 0
    }
}

/// Shares of a bounded table (`Spec/node.md` §3.1): no link, and no application of this node,
/// holds more than what is left free, however much it wants.
///
/// The application of a message from elsewhere is its sender's claim and counts for nothing, or
/// anyone could use up the share of another's application. While little is taken nobody can hold
/// too much, and holders are not counted.
package struct RoomShares: Sendable {
    private struct Counts: Sendable {
        var links: [UInt64: Int] = [:]
        var applications: [UInt64: Int] = [:]

        func held(by holder: RoomHolder) -> Int {
            let count = holder.link != 0 ? links[holder.link] : applications[holder.application]
            return count ?? 0
        }

        mutating func change(_ holder: RoomHolder, by step: Int) {
            if holder.link != 0 {
                Self.change(&links[holder.link], by: step)
            } else if holder.application != 0 {
                Self.change(&applications[holder.application], by: step)
            }
        }

        private static func change(_ count: inout Int?, by step: Int) {
            let new = (count ?? 0) + step
            count = new > 0 ? new : nil
        }
    }

    private var counts: Counts?
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    /// Places that are only for this node's own applications and itself.
    private var reserve: Int { capacity / 16 }

    /// Whether so much is taken that holders are to be counted and are not yet.
    package func mustCount(taken: Int) -> Bool {
        counts == nil && taken >= capacity - taken - reserve
    }

    /// Counts the holders of all places taken.
    package mutating func count(_ holders: [RoomHolder]) {
        var counts = Counts()
        for holder in holders { counts.change(holder, by: 1) }
        self.counts = counts
    }

    /// Whether the holder may have one more place beside those `taken`.
    package func admit(_ holder: RoomHolder, taken: Int) -> Bool {
        let free = capacity - taken - (holder.link != 0 ? reserve : 0)
        return (counts?.held(by: holder) ?? 0) < free
    }

    package mutating func take(_ holder: RoomHolder) { counts?.change(holder, by: 1) }

    /// - Parameter taken: places taken without this one.
    package mutating func giveBack(_ holder: RoomHolder, taken: Int) {
        if taken < capacity / 4 { counts = nil } else { counts?.change(holder, by: -1) }
    }
}
