internal import KBR
package import Wire

/// Kinds on the wire (`Spec/chord.md` §4).
private enum Kind: UInt8 {
    case ping = 1
    case pong = 2
    case busy = 3
    case stateQuery = 4
    case stateReply = 5
    case notify = 6
    case lookup = 7
    case lookupReply = 8
    case admit = 9
    case roster = 10
    case leaving = 11
    case acknowledge = 12
    case membersQuery = 13
    case membersReply = 14
}

/// Longest list of neighbours in a message.
private let neighborLimit = 16

extension ChordMessage: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        let start = reader
        guard let kind = Kind(rawValue: try reader.u8("chord kind")) else {
            throw start.error("chord kind", .invalid("no such message"))
        }
        if kind == .notify {
            self = .notify(predecessors: try reader.neighbors("predecessors"))
            return
        }
        let request = try reader.varint("request")
        switch kind {
        case .ping: self = .ping(request: request)
        case .pong: self = .pong(request: request, isMember: try reader.flag("is member"))
        case .busy: self = .busy(request: request)
        case .stateQuery: self = .stateQuery(request: request)
        case .stateReply:
            self = .stateReply(request: request, try RingState(from: &reader))
        case .lookup:
            self = .lookup(request: request, target: try Identifier(from: &reader))
        case .lookupReply:
            self = .lookupReply(request: request, try LookupReply(from: &reader))
        case .membersQuery:
            self = .membersQuery(request: request, after: try Identifier(from: &reader))
        case .membersReply:
            let members = try reader.neighbors("members", limit: Self.pageLimit)
            self = .membersReply(request: request, members)
        case .admit: self = .admit(request: request)
        case .roster: self = .roster(request: request, try Roster(from: &reader))
        case .leaving:
            self = .leaving(
                request: request,
                predecessors: try reader.neighbors("predecessors"),
                successors: try reader.neighbors("successors")
            )
        case .acknowledge, .notify: self = .acknowledge(request: request)
        }
    }

    package func encode(to writer: inout WireWriter) {
        switch self {
        case .ping(let request): writer.head(.ping, request)
        case .pong(let request, let isMember):
            writer.head(.pong, request)
            writer.u8(isMember ? 1 : 0)
        case .busy(let request): writer.head(.busy, request)
        case .stateQuery(let request): writer.head(.stateQuery, request)
        case .stateReply(let request, let state):
            writer.head(.stateReply, request)
            state.encode(to: &writer)
        case .notify(let predecessors):
            writer.u8(Kind.notify.rawValue)
            writer.handles(predecessors)
        case .lookup(let request, let target):
            writer.head(.lookup, request)
            target.encode(to: &writer)
        case .lookupReply(let request, let reply):
            writer.head(.lookupReply, request)
            reply.encode(to: &writer)
        case .membersQuery(let request, let point):
            writer.head(.membersQuery, request)
            point.encode(to: &writer)
        case .membersReply(let request, let members):
            writer.head(.membersReply, request)
            writer.handles(members)
        case .admit(let request): writer.head(.admit, request)
        case .roster(let request, let roster):
            writer.head(.roster, request)
            roster.encode(to: &writer)
        case .leaving(let request, let predecessors, let successors):
            writer.head(.leaving, request)
            writer.handles(predecessors)
            writer.handles(successors)
        case .acknowledge(let request): writer.head(.acknowledge, request)
        }
    }
}

extension RingState: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        let start = reader
        switch try reader.u8("ring state") {
        case 0: self = .outside
        case 1: self = .forming(try Roster(from: &reader))
        case 2:
            let hasPredecessor = try reader.flag("has predecessor")
            let predecessor = hasPredecessor ? try NodeHandle(from: &reader) : nil
            let successors = try reader.neighbors("successors")
            self = .formed(predecessor: predecessor, successors: successors)
        default: throw start.error("ring state", .invalid("no such state"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        switch self {
        case .outside: writer.u8(0)
        case .forming(let roster):
            writer.u8(1)
            roster.encode(to: &writer)
        case .formed(let predecessor, let successors):
            writer.u8(2)
            writer.u8(predecessor == nil ? 0 : 1)
            predecessor?.encode(to: &writer)
            writer.handles(successors)
        }
    }
}

extension LookupReply: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        closer = try reader.neighbors("closer nodes", limit: Self.limit)
        successors = try reader.neighbors("successors")
    }

    package func encode(to writer: inout WireWriter) {
        writer.handles(closer)
        writer.handles(successors)
    }
}

extension Roster: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        term = try reader.varint("term", limit: Self.counterLimit)
        version = try reader.varint("version", limit: Self.counterLimit)
        isFormed = try reader.flag("is formed")
        let start = reader
        members = try reader.neighbors("members", limit: Self.limit)
        guard !members.isEmpty else {
            throw start.error("members", .invalid("a roster has a founder"))
        }
        for (index, member) in members.enumerated()
        where members[..<index].contains(where: { $0.id == member.id }) {
            throw start.error("members", .invalid("member listed twice"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.varint(term)
        writer.varint(version)
        writer.u8(isFormed ? 1 : 0)
        writer.handles(members)
    }
}

extension RingRecord: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        contacts = try reader.handles("contacts")
    }

    package func encode(to writer: inout WireWriter) { writer.handles(contacts) }
}

extension WireWriter {
    fileprivate mutating func head(_ kind: Kind, _ request: UInt64) {
        u8(kind.rawValue)
        varint(request)
    }
}

extension WireReader {
    fileprivate mutating func flag(_ field: String) throws(WireError) -> Bool {
        let start = self
        let value = try u8(field)
        guard value <= 1 else { throw start.error(field, .notCanonical("must be 0 or 1")) }
        return value == 1
    }

    fileprivate mutating func neighbors(
        _ field: String,
        limit: Int = neighborLimit
    ) throws(WireError) -> [NodeHandle] {
        let start = self
        let list = try handles(field)
        guard list.count <= limit else {
            throw start.error(
                field,
                .tooLarge(value: UInt64(list.count), limit: UInt64(limit))
            )
        }
        return list
    }
}
