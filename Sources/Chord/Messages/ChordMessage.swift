package import KBR

/// One message of the Chord protocol (`Spec/chord.md` §4); `request` numbers match replies to
/// requests and are the asker's own.
package enum ChordMessage: Hashable, Sendable {
    /// Are you alive? Always answered. §4.1
    case ping(request: UInt64)
    /// Alive, and whether a member. §4.1
    case pong(request: UInt64, isMember: Bool)
    /// In the middle of a step: ask again later. §4.2
    case busy(request: UInt64)
    /// Tell predecessor and successors, or the roster. §4.3
    case stateQuery(request: UInt64)
    case stateReply(request: UInt64, RingState)
    /// The sender may be your predecessor; with its own predecessors, closest first. §4.4
    case notify(predecessors: [NodeHandle])
    /// Which nodes precede this point most closely? §4.5
    case lookup(request: UInt64, target: Identifier)
    case lookupReply(request: UInt64, LookupReply)
    /// Which members follow this point? §4.8
    case membersQuery(request: UInt64, after: Identifier)
    /// Clockwise from the point, without gaps as far as the sender knows.
    case membersReply(request: UInt64, [NodeHandle])
    /// Admit the sender to your forming ring. §4.6
    case admit(request: UInt64)
    /// The members of a forming ring, from its founder; answered by `stateReply`. §4.6
    case roster(request: UInt64, Roster)
    /// The sender leaves; its neighbours, closest first. §4.7
    case leaving(request: UInt64, predecessors: [NodeHandle], successors: [NodeHandle])
    case acknowledge(request: UInt64)
}

extension ChordMessage {
    /// Most members in a reply.
    package static let pageLimit = 64
}

/// What a node says of its place in the ring.
package enum RingState: Hashable, Sendable {
    /// No member of any ring.
    case outside
    case forming(Roster)
    case formed(predecessor: NodeHandle?, successors: [NodeHandle])
}

/// A step of an iterative lookup.
package struct LookupReply: Hashable, Sendable {
    /// Nodes between the answering node and the target, closest to the target first.
    package var closer: [NodeHandle]
    /// The answering node's successors, if they reach beyond the target.
    package var successors: [NodeHandle]

    package init(closer: [NodeHandle], successors: [NodeHandle]) {
        self.closer = closer
        self.successors = successors
    }

    /// Most nodes in `closer`.
    package static let limit = 4
}

/// The members of a forming ring in order of admission, the founder first.
package struct Roster: Hashable, Sendable {
    /// Grows when another member takes the founder's place.
    package var term: UInt64
    /// Grows with each change of members.
    package var version: UInt64
    package var isFormed: Bool
    package var members: [NodeHandle]

    package init(term: UInt64, version: UInt64, isFormed: Bool, members: [NodeHandle]) {
        self.term = term
        self.version = version
        self.isFormed = isFormed
        self.members = members
    }

    /// Most members: the longest successor list and its owner.
    package static let limit = 17

    /// Greatest term and version that a peer may name.
    package static let counterLimit = UInt64(UInt32.max)

    package var founder: NodeHandle? { members.first }

    package func contains(_ id: Identifier) -> Bool { members.contains { $0.id == id } }

    package func isNewer(than other: Roster) -> Bool {
        (term, version, isFormed ? 1 : 0) > (other.term, other.version, other.isFormed ? 1 : 0)
    }

    /// All other members clockwise from `id`.
    package func others(clockwiseFrom id: Identifier) -> [NodeHandle] {
        members.filter { $0.id != id }.sorted { $0.id &- id < $1.id &- id }
    }
}

/// What survives a restart: this node belonged to a formed ring and whom it knew there.
package struct RingRecord: Hashable, Sendable {
    package var contacts: [NodeHandle]

    package init(contacts: [NodeHandle]) { self.contacts = contacts }
}
