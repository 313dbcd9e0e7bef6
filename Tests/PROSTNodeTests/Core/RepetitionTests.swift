import Chord
import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletBytecode
import PeerletRuntime
import SansIO
import Testing
import Wire

/// Repetitions of requests whose root does not answer (`Spec/node.md` §3.4).
@Suite struct RepetitionTests {
    private typealias Command = ProbePeerlet.Command

    /// What node 0 sends as the origin of requests.
    private final class Sent {
        var messages: [(message: RoutedMessage, to: Identifier)] = []

        /// Those that went to a node directly after a search, as far as routing does not go there.
        func repetitions(to node: Identifier, rank: UInt8) -> Int {
            messages.count {
                $0.to == node && $0.message.rank == rank && $0.message.flags.contains(.resent)
            }
        }

        var highestRank: UInt8 { messages.map(\.message.rank).max() ?? 0 }
    }

    /// Nodes with the probe, and the replicas of a key that routing from node 0 does not reach in
    /// one hop.
    private struct Scene {
        let ring: ProbeRing
        let sent = Sent()
        var key = Identifier.zero
        var replicas: [Int] = []

        init(_ peerlet: ProbePeerlet) throws {
            ring = try ProbeRing(size: 24)
            for index in ring.live { try ring.deploy(peerlet, at: index) }
            let known = try #require(ring.simulation.hosts[0].node).chord.snapshot
            let near = (known.successors + known.fingers + [known.node]).map(\.id)
            let keys = (0..<200).map { Identifier.key(named: "far \($0)") }
            key = try #require(
                keys.first { key in
                    let replicas = ring.clockwise(from: key).prefix(3)
                    return !replicas.contains { near.contains(ring.simulation.hosts[$0].handle.id) }
                }
            )
            replicas = Array(ring.clockwise(from: key).prefix(3))
            let origin = ring.simulation.hosts[0].handle.id
            ring.simulation.tap = { [sent] frame, to in
                guard frame.kind == FrameKind.route.rawValue,
                    let message = try? RoutedMessage(wireBytes: frame.body, "message"),
                    message.hops == 0, message.origin.id == origin
                else { return }
                sent.messages.append((message, to.id))
            }
        }

        func id(_ place: Int) -> Identifier { ring.simulation.hosts[replicas[place]].handle.id }
    }

    @Test func `a root that acknowledges is not replaced if its application has one replica`()
        throws
    {
        let scene = try Scene(ProbePeerlet(replicas: 1))
        scene.ring.simulation.plant(.dropsMessages, at: scene.replicas[0])
        let answer = try scene.ring.call(Command.echo, key: scene.key)
        #expect(answer.status == HostError.timeout.rawValue)
        #expect(scene.ring.total("deliver") == 0)
        #expect(scene.sent.highestRank == 0)
        #expect(scene.sent.repetitions(to: scene.id(0), rank: 0) >= 2)
    }

    @Test func `with more replicas the next one stands in, after the root was asked twice`() throws
    {
        let scene = try Scene(ProbePeerlet(replicas: 3))
        scene.ring.simulation.plant(.dropsMessages, at: scene.replicas[0])
        let answer = try scene.ring.call(Command.echo, key: scene.key)
        #expect(answer.status == 0)
        #expect(answer.node == scene.ring.identifier(of: scene.replicas[1]))
        #expect(scene.sent.repetitions(to: scene.id(0), rank: 0) == 2)
        #expect(scene.sent.repetitions(to: scene.id(1), rank: 1) == 1)
    }

    @Test func `a consistent application's root is not replaced by requests`() throws {
        let scene = try Scene(ProbePeerlet(store: .consistent))
        scene.ring.run(for: .seconds(5))
        scene.ring.simulation.plant(.dropsMessages, at: scene.replicas[0])
        let answer = try scene.ring.call(Command.echo, key: scene.key)
        #expect(answer.status == HostError.timeout.rawValue)
        #expect(scene.sent.highestRank == 0)
    }

    @Test func `UNSURE of a node that became root ends the request`() throws {
        let scene = try Scene(ProbePeerlet(replicas: 1))
        scene.ring.simulation.plant(.dropsMessages, at: scene.replicas[0])
        let request = scene.ring.start(Command.isUnsure, key: scene.key)
        let wasAsked = scene.ring.run(
            until: { scene.sent.repetitions(to: scene.id(0), rank: 0) > 0 },
            within: .seconds(5)
        )
        #expect(wasAsked)
        scene.ring.crash(scene.replicas[0])
        let answer = try #require(scene.ring.answer(to: request))
        #expect(answer.status == HostError.unsure.rawValue)
        #expect(answer.node == scene.ring.identifier(of: scene.replicas[1]))
    }

    @Test func `a key that forward sets is not asked of the old key's replicas`() throws {
        let scene = try Scene(ProbePeerlet(replicas: 3))
        let elsewhere = scene.ring.clockwise(from: .key(named: "elsewhere"))[0]
        scene.ring.simulation.plant(.dropsMessages, at: elsewhere)
        let answer = try scene.ring.call(Command.forwardChangesKey, mode: 1, key: scene.key)
        #expect(answer.status == HostError.timeout.rawValue)
        #expect(scene.sent.messages.count > 3)
        #expect(scene.sent.highestRank == 0)
    }

    // MARK: Turns

    private func nodes(_ count: UInt64) -> [NodeHandle] {
        (1...count).map {
            NodeHandle(
                id: Identifier(words: ($0, 0, 0, 0)),
                endpoint: Endpoint(10, 0, 0, 1, port: 1)
            )
        }
    }

    private func ranks(_ turns: inout ReplicaTurns, limit: Int, standIns: Int) -> [UInt8] {
        var ranks: [UInt8] = []
        while let turn = turns.next(limit: limit, standIns: standIns), ranks.count < 20 {
            ranks.append(turn.rank)
        }
        return ranks
    }

    /// As a node asks that follows all of them.
    private func turns(_ nodes: [NodeHandle]) -> ReplicaTurns {
        let local = NodeHandle(id: nodes[0].id &- .powerOfTwo(0), endpoint: nodes[0].endpoint)
        return ReplicaTurns(nodes, after: nodes[0].id, local: local)
    }

    @Test func `who asks has a place of its own and nobody stands in for it`() {
        let all = nodes(4)
        for place in all.indices {
            var others = all
            let local = others.remove(at: place)
            var turns = ReplicaTurns(others, after: all[0].id, local: local)
            let expected: [[UInt8]] = [[], [0, 0], [0, 0, 1], [0, 0, 1, 2]]
            #expect(ranks(&turns, limit: 4, standIns: 1) == expected[place])
            turns = ReplicaTurns(others, after: all[0].id, local: local)
            let ofAll: [[UInt8]] = [[1, 2, 3], [0, 0, 2, 3], [0, 0, 1, 3], [0, 0, 1, 2]]
            #expect(ranks(&turns, limit: 4, standIns: 4) == ofAll[place])
        }
    }

    @Test func `the root is asked twice, then each stand-in once`() {
        var turns = self.turns(nodes(6))
        #expect(ranks(&turns, limit: 4, standIns: 16) == [0, 0, 1, 2, 3])
    }

    @Test func `nobody stands in for a node that acknowledges unless the application says so`() {
        let found = nodes(6)
        var turns = self.turns(found)
        turns.acknowledged(by: found[0].id)
        #expect(ranks(&turns, limit: 4, standIns: 1) == [0, 0])
        turns = self.turns(found)
        turns.acknowledged(by: found[1].id)
        #expect(ranks(&turns, limit: 4, standIns: 1) == [0, 0, 1])
        turns = self.turns(found)
        turns.acknowledged(by: found[0].id)
        #expect(ranks(&turns, limit: 4, standIns: 2) == [0, 0, 1])
    }

    @Test func `for a silent root others stand in whatever the application says`() {
        var turns = self.turns(nodes(3))
        #expect(ranks(&turns, limit: 4, standIns: 1) == [0, 0, 1, 2])
    }
}
