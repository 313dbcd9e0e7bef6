package import KBR
package import Wire

/// Total order of configurations: an epoch, then the node that proposed it
/// (`Spec/consistency.md` §2).
package struct Ballot: Hashable, Comparable, Sendable {
    /// At most `maximumEpoch`; grows with every configuration of a point.
    package var epoch: UInt64
    package var proposer: Identifier

    package init(epoch: UInt64, proposer: Identifier) {
        self.epoch = epoch
        self.proposer = proposer
    }

    package static let none = Ballot(epoch: 0, proposer: .zero)
    package static let maximumEpoch: UInt64 = 1 << 62

    package static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.proposer) < (right.epoch, right.proposer)
    }
}

extension Ballot: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        epoch = try reader.varint("epoch", limit: Self.maximumEpoch)
        proposer = try Identifier(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        writer.varint(epoch)
        proposer.encode(to: &writer)
    }
}

/// Who stores an arc, and since which ballot (`Spec/consistency.md` §2).
package struct Configuration: Hashable, Sendable {
    package var ballot: Ballot
    /// The root first; one to `maximumMembers`, with distinct identifiers.
    package var members: [NodeHandle]

    package init(ballot: Ballot, members: [NodeHandle]) {
        self.ballot = ballot
        self.members = members
    }

    package static let maximumMembers = 15

    package var majority: Int { members.count / 2 + 1 }

    package func includes(_ node: Identifier) -> Bool { members.contains { $0.id == node } }

    /// Whether `nodes` are a majority of the members.
    func isMajority(_ nodes: some Collection<Identifier>) -> Bool {
        members.count { nodes.contains($0.id) } >= majority
    }
}

extension Configuration: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        let start = reader
        members = try reader.handles("configuration members")
        guard (1...Self.maximumMembers).contains(members.count),
            Set(members.map(\.id)).count == members.count
        else { throw start.error("configuration members", .invalid("1 to 15 distinct nodes")) }
    }

    package func encode(to writer: inout WireWriter) {
        ballot.encode(to: &writer)
        writer.handles(members)
    }
}
