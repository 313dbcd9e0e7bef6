import Chord
import KBR
import SansIO
import Testing

/// What a ring check makes of lies, silence and peers that never come back.
@Suite struct RingCheckTests {
    @Test func `a node named between a member and its head is pinged before any step`() throws {
        var member = LoneMember()
        let peer = LoneMember.handle(7)
        let lookup = try #require(member.give(.checkRing(through: peer)).first)
        let named = NodeHandle(
            id: member.node.node.id &+ .powerOfTwo(8),
            endpoint: Endpoint(10, 6, 6, 6, port: 666)
        )
        let next = member.answer(lookup) {
            .lookupReply(request: $0, LookupReply(closer: [], successors: [named]))
        }
        #expect(!member.node.snapshot.isInStep)
        let ping = try #require(next.first)
        #expect(ping.peer == named)
        guard case .ping = ping.message else { Issue.record("no ping"); return }
        let query = try #require(
            member.answer(ping) { .pong(request: $0, isMember: true) }.first
        )
        guard case .stateQuery = query.message else { Issue.record("no query"); return }
        #expect(query.peer == named)
        #expect(member.node.snapshot.isInStep)
    }

    @Test func `a lookup that does not reach the node makes it notify nobody`() throws {
        var member = LoneMember()
        let peer = LoneMember.handle(7)
        let lookup = try #require(member.give(.checkRing(through: peer)).first)
        let dead = LoneMember.handle(50)
        let second = try #require(
            member.answer(lookup) {
                .lookupReply(request: $0, LookupReply(closer: [dead], successors: []))
            }.first
        )
        #expect(second.peer == dead)
        let query = try #require(member.give(.peerFailed(dead.id, .refused)).first)
        // Only the peer's own word is believed: it has successors, they end before this node.
        guard case .stateQuery = query.message else { Issue.record("no query"); return }
        #expect(query.peer == peer)
        let after = member.answer(query) {
            .stateReply(
                request: $0,
                .formed(predecessor: nil, successors: [LoneMember.handle(8), LoneMember.handle(9)])
            )
        }
        #expect(after.isEmpty)
    }

    @Test func `peers that never answer are asked more and more rarely, and members as well`() {
        let dead = (0..<32).map { LoneMember.handle(1000 + UInt64($0)) }
        var member = LoneMember(remembering: dead)
        var asked: [UInt64: Int] = [:]
        var members = 0
        let hour: UInt64 = 3_600
        while member.now < .zero + .seconds(3 * hour) {
            guard let deadline = member.node.nextDeadline() else { break }
            member.now = max(deadline, member.now)
            var sent = member.give(.wake)
            while !sent.isEmpty {
                let (message, peer) = sent.removeFirst()
                if case .lookup(_, member.node.node.id) = message {
                    let start = member.now.since(.zero).milliseconds / 1000 / hour
                    if dead.contains(peer) { asked[start, default: 0] += 1 } else { members += 1 }
                }
                guard !dead.contains(peer) else { continue }
                sent += member.give(.message(Self.answer(to: message, by: peer), from: peer))
            }
        }
        #expect(members > 100)
        #expect(asked[0, default: 0] > 100)
        #expect(asked[2, default: 0] == 0)
    }

    /// What a neighbour answers that knows of nothing new.
    private static func answer(to message: ChordMessage, by peer: NodeHandle) -> ChordMessage {
        let own = LoneMember.handle(100)
        switch message {
        case .ping(let number): return .pong(request: number, isMember: true)
        case .stateQuery(let number):
            let list = (1...3).map { LoneMember.handle((peer.id.words.0 >> 32) + $0) }
            return .stateReply(request: number, .formed(predecessor: own, successors: list))
        case .lookup(let number, _):
            return .lookupReply(request: number, LookupReply(closer: [], successors: [own]))
        default: return .notify(predecessors: [])
        }
    }

    /// Five of 24 nodes answer every lookup with nodes that do not exist.
    @Test func `lies in ring checks leave the ranges of honest nodes settled`() throws {
        var network = try SearchTests.ring(of: 24, listLength: 3, seed: 78)
        network.lies = .inventions
        for index in stride(from: 2, to: 24, by: 5) { network.hosts[index].isLiar = true }
        let honest = network.clockwise.filter { !network.hosts[$0].isLiar }
        var unsettled = 0
        for _ in 0..<600 {
            network.run(for: .milliseconds(200))
            unsettled += honest.count { !network.hosts[$0].node.snapshot.isSettled }
        }
        #expect(unsettled == 0)
    }
}
