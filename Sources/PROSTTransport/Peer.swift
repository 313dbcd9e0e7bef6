internal import KBR
package import NIOCore
internal import Wire

/// What a transport knows about one other node: what waits for it and how it is reached.
final class Peer {
    let id: Identifier
    /// Where to dial it.
    var node: NodeHandle
    var queue: OutboundQueue
    /// Accepted connections that may still be given frames, oldest first.
    private(set) var usable: [RingConnection] = []
    /// Accepted connections that are not gone, those that say goodbye included.
    private(set) var accepted: [RingConnection] = []
    var isDialling = false
    /// Whether the node was told that this peer is up, and not yet that it is down.
    var isUp = false
    /// Its connection broke; it will be dialled as soon as its back-off allows.
    var isReconnecting = false

    init(node: NodeHandle, queueLimit: Int) {
        id = node.id
        self.node = node
        queue = OutboundQueue(limit: queueLimit)
    }

    var isUnused: Bool { accepted.isEmpty && !isDialling && !isReconnecting && queue.isEmpty }

    /// The address with the higher sequence number counts.
    func learn(_ node: NodeHandle) {
        if node.sequence >= self.node.sequence { self.node = node }
    }

    func add(_ connection: RingConnection) {
        usable.append(connection)
        accepted.append(connection)
    }

    func stopUsing(_ connection: RingConnection) { usable.removeAll { $0 === connection } }

    func remove(_ connection: RingConnection) {
        stopUsing(connection)
        accepted.removeAll { $0 === connection }
    }

    /// The connection that carries frames.
    func primary(seenFrom own: Identifier) -> RingConnection? {
        let ranks = usable.map {
            ConnectionRank(
                number: $0.number,
                isPreferred: $0.isDialled == (own < id),
                openedAt: $0.clock.openedAt
            )
        }
        guard let number = ConnectionRank.primary(of: ranks) else { return nil }
        return usable.first { $0.number == number }
    }
}

/// What decides between several connections with one peer (`Spec/wire.md` §5.6).
package struct ConnectionRank: Hashable, Sendable {
    /// Connections further apart than this were not dialled at the same time: the older one's
    /// other end may be long gone without this side knowing.
    package static let simultaneous = TimeAmount.seconds(10)

    /// Grows from connection to connection.
    package var number: UInt64
    /// Dialled by the node with the lower identifier.
    package var isPreferred: Bool
    package var openedAt: NIODeadline

    package init(number: UInt64, isPreferred: Bool, openedAt: NIODeadline) {
        self.number = number
        self.isPreferred = isPreferred
        self.openedAt = openedAt
    }

    /// Of those opened within ten seconds of the newest, one dialled by the node of the lower
    /// identifier, so that two nodes that dial each other keep the same one; of several, the
    /// newest.
    package static func primary(of ranks: [ConnectionRank]) -> UInt64? {
        guard let newest = ranks.max(by: { $0.number < $1.number }) else { return nil }
        return ranks.filter { newest.openedAt - $0.openedAt < simultaneous }
            .max { ($0.isPreferred ? 1 : 0, $0.number) < ($1.isPreferred ? 1 : 0, $1.number) }?
            .number
    }
}
