package import KBR
package import Wire

/// What a node knows durably about every point of an arc (`Spec/consistency.md` §2).
package struct Segment: Hashable, Sendable {
    package var arc: RingInterval
    /// Lower ballots are refused.
    package var promised: Ballot = .none
    /// The configuration accepted last.
    package var current: Configuration?
    /// Whether `current` is known to be chosen.
    package var isCommitted = false
    /// The chosen configuration that `current` would follow; nil for the first, and once committed.
    package var base: Configuration?
    /// What this node knew about the arc and gave up for lack of room had at most this ballot.
    package var forgotten: Ballot = .none
    /// Whether rows of the arc may be stored here.
    package var holdsRows = false
    /// Members that accepted `current`, while this node serves it as root; not stored, so a node
    /// that restarts serves nothing before it has a new epoch.
    var installed: [Identifier] = []

    package init(arc: RingInterval) { self.arc = arc }

    /// The same knowledge, whatever the arc.
    func agrees(with other: Segment) -> Bool {
        var moved = other
        moved.arc = arc
        return self == moved
    }

    /// Whether a promise for this arc counts towards a majority of `configuration`: not if what was
    /// forgotten may have followed it (`Spec/consistency.md` §4.2).
    func remembers(_ configuration: Configuration) -> Bool {
        if let current, current.ballot >= configuration.ballot { return true }
        return forgotten < configuration.ballot
    }

    /// Whether this node is not in the chosen configuration of the arc.
    func isGone(for node: Identifier) -> Bool {
        guard let current else { return false }
        return isCommitted && !current.includes(node)
    }

    /// Whether rows of the arc may be deleted: not while a newer ballot is promised, for the rows
    /// may be what its proposer stages here.
    func mayBeCleared(by node: Identifier) -> Bool {
        guard let current, holdsRows else { return false }
        return isGone(for: node) && promised <= current.ballot
    }

    package var isServing: Bool {
        guard let current, isCommitted, !installed.isEmpty else { return false }
        return promised == current.ballot
    }
}

extension Segment: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        arc = try RingInterval(from: &reader)
        promised = try Ballot(from: &reader)
        let start = reader
        let flags = try reader.u8("segment flags")
        guard flags & 0xE0 == 0, flags & 0b0110 != 0b0110,
            flags & 0b0001 != 0 || flags & 0b0110 == 0
        else { throw start.error("segment flags", .notCanonical("impossible combination")) }
        if flags & 0b0001 != 0 { current = try Configuration(from: &reader) }
        isCommitted = flags & 0b0010 != 0
        if flags & 0b0100 != 0 { base = try Configuration(from: &reader) }
        holdsRows = flags & 0b1000 != 0
        if flags & 0b1_0000 != 0 { forgotten = try Ballot(from: &reader) }
    }

    package func encode(to writer: inout WireWriter) {
        arc.encode(to: &writer)
        promised.encode(to: &writer)
        var flags: UInt8 = current == nil ? 0 : 0b0001
        if isCommitted { flags |= 0b0010 }
        if base != nil { flags |= 0b0100 }
        if holdsRows { flags |= 0b1000 }
        if forgotten != .none { flags |= 0b1_0000 }
        writer.u8(flags)
        current?.encode(to: &writer)
        base?.encode(to: &writer)
        if forgotten != .none { forgotten.encode(to: &writer) }
    }
}
