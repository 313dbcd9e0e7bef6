import Chord

extension ChordMessage {
    var number: UInt64 {
        switch self {
        case .ping(let number), .pong(let number, _), .busy(let number), .stateQuery(let number),
            .stateReply(let number, _), .lookup(let number, _),
            .lookupReply(let number, _), .membersQuery(let number, _),
            .membersReply(let number, _), .admit(let number), .roster(let number, _),
            .leaving(let number, _, _),
            .acknowledge(let number):
            number
        case .notify: 0
        }
    }

    /// The same answer under another number.
    func renumbered(_ number: UInt64) -> ChordMessage {
        switch self {
        case .pong(_, let isMember): .pong(request: number, isMember: isMember)
        case .busy: .busy(request: number)
        case .stateReply(_, let state): .stateReply(request: number, state)
        case .lookupReply(_, let reply): .lookupReply(request: number, reply)
        case .membersReply(_, let members): .membersReply(request: number, members)
        default: self
        }
    }
}
