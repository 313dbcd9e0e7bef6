internal import KBR
internal import NIOCore
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

    /// The connection that carries frames: one dialled by the node of the lower identifier, so
    /// that two nodes that dial each other keep the same one; of several, the newest.
    func primary(seenFrom own: Identifier) -> RingConnection? {
        usable.max {
            let left = $0.isDialled == (own < id)
            let right = $1.isDialled == (own < id)
            return left == right ? $0.number < $1.number : right
        }
    }
}
