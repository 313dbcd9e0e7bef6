internal import KBR
internal import SansIO

/// The open connections of one machine, by the other machine's number.
struct ConnectionTable: Sendable {
    struct Connection: Sendable {
        var peer: Int32
        /// The same at both ends, and another for every connection.
        var number: UInt32
        /// When the last frame to the peer arrives: those after it do not arrive sooner.
        var lastArrival: Instant
    }

    /// By peer.
    private var connections: [Connection] = []

    var count: Int { connections.count }
    var all: [Connection] { connections }

    func place(of peer: Int) -> Int? {
        let place = connections.partitioningIndex { $0.peer >= peer }
        return place < connections.count && connections[place].peer == peer ? place : nil
    }

    func number(of peer: Int) -> UInt32? { place(of: peer).map { connections[$0].number } }

    func contains(_ peer: Int) -> Bool { place(of: peer) != nil }

    subscript(place: Int) -> Connection {
        get { connections[place] }
        set { connections[place] = newValue }
    }

    /// In the place of an earlier connection, whose end this machine has not learnt yet.
    mutating func open(_ peer: Int, _ number: UInt32, readyAt time: Instant) {
        close(peer)
        let peer = Int32(truncatingIfNeeded: peer)
        let place = connections.partitioningIndex { $0.peer > peer }
        connections.insert(Connection(peer: peer, number: number, lastArrival: time), at: place)
    }

    mutating func close(_ peer: Int) {
        if let place = place(of: peer) { connections.remove(at: place) }
    }

    mutating func removeAll() { connections = [] }
}
