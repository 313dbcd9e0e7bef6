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

@Suite struct RoutedRequestTests {
    private typealias Command = ProbePeerlet.Command

    @Test func `from every node of a ring a request is answered by the key's root`() throws {
        let ring = try ProbeRing(size: 24)
        try ring.deploy(ProbePeerlet())
        for index in ring.live.dropFirst() { try ring.deploy(ProbePeerlet(), at: index) }
        for index in ring.live {
            let key = Identifier.key(named: "key of \(index)")
            let answer = try ring.call(Command.echo, key: key, payload: [7, 8], at: index)
            #expect(answer.status == 0)
            #expect(answer.payload == [7, 8])
            #expect(answer.node == ring.identifier(of: ring.clockwise(from: key)[0]))
        }
        ring.run(for: .seconds(2))
        #expect(ring.total("forward") == 0)
        #expect(ring.total("deliver") == 24)
        ring.checkWork()
    }

    @Test func `a request that a timer makes arrives under its own key, whoever serves key zero`()
        throws
    {
        let ring = try ProbeRing(size: 5)
        let peerlet = try ProbePeerlet(store: .consistent)
        for index in ring.live { try ring.deploy(peerlet, at: index) }
        ring.run(for: .seconds(5))
        let key = Identifier.key(named: "key")
        for index in ring.live {
            let answer = try ring.call(Command.tellKeyLater, key: key, at: index)
            #expect(answer.status == 0)
            #expect(answer.payload == key.bytes)
        }
    }

    @Test func `forward runs where hop mode and residence say`() throws {
        let ring = try ProbeRing(size: 24)
        try ring.deploy(ProbePeerlet())
        let key = try farKey(ring)
        let root = ring.clockwise(from: key)[0]
        _ = try ring.call(Command.echo, key: key)
        #expect(ring.total("forward") == 0)
        #expect(ring.application(at: root) != nil)
        let hosting = ring.live.filter { ring.application(at: $0) != nil }
        #expect(Set(hosting) == [0, root])
        // Resident: at the source and at the root, which run it; no hop fetches it.
        _ = try ring.call(Command.echo, mode: 1, key: key)
        #expect(ring.counter("forward", at: 0) == 1)
        #expect(ring.counter("forward", at: root) == 1)
        #expect(ring.live.filter { ring.application(at: $0) != nil }.count == 2)
        // On demand: everywhere on the way.
        _ = try ring.call(Command.echo, mode: 2, key: key)
        let now = ring.live.filter { ring.application(at: $0) != nil }
        #expect(now.count > 2)
        #expect(ring.total("forward") == 2 + Int64(now.count))
        ring.run(for: .seconds(2))
        ring.checkWork()
    }

    /// A key whose root is not a successor of node 0, so that there is a hop between.
    private func farKey(_ ring: ProbeRing) throws -> Identifier {
        let near = try #require(ring.simulation.hosts[0].node).chord.snapshot.successors.map(\.id)
        let fingers = try #require(ring.simulation.hosts[0].node).chord.snapshot.fingers.map(\.id)
        for number in 0..<200 {
            let key = Identifier.key(named: "far \(number)")
            let root = ring.simulation.hosts[ring.clockwise(from: key)[0]].handle.id
            if !near.contains(root), !fingers.contains(root),
                root != ring.simulation.hosts[0].handle.id
            {
                return key
            }
        }
        throw Missing.key
    }

    private enum Missing: Error { case key }

    @Test func `forward stops, changes, silences a message`() throws {
        let ring = try ProbeRing(size: 8)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        let key = Identifier.key(named: "somewhere")
        let stopped = try ring.call(Command.forwardStops, mode: 1, key: key)
        #expect(stopped.status == 20)
        #expect(ring.total("deliver") == 0)
        let changed = try ring.call(Command.forwardChangesPayload, mode: 1, key: key)
        #expect(changed.payload == Array("changed".utf8))
        let moved = try ring.call(Command.forwardChangesKey, mode: 1, key: key)
        let elsewhere = ring.clockwise(from: .key(named: "elsewhere"))[0]
        #expect(moved.node == ring.identifier(of: elsewhere))
        let before = ring.total("forward")
        let once = try ring.call(Command.forwardsOnce, mode: 1, key: key)
        #expect(once.status == 0)
        #expect(ring.total("forward") == before + 1)
    }

    @Test(arguments: [ProbePeerlet.Command.forwardSpins, ProbePeerlet.Command.forwardTraps])
    func `a message passes unchanged when forward fails`(command: Int) throws {
        let ring = try ProbeRing(size: 8)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        let answer = try ring.call(command, mode: 1, payload: [5], fuel: 4_000_000)
        #expect(answer.status == 0)
        #expect(answer.payload == [5])
        // Undone: not even counted.
        #expect(ring.total("forward") == 0)
        ring.run(for: .seconds(2))
        ring.checkWork()
    }

    @Test func `forward that takes too long is undone and the message passes`() throws {
        var settings = ProbeRing.settings()
        settings.nanosecondsPerFuel = 20_000
        settings.configuration.forwardTimeLimit = .milliseconds(50)
        let ring = try ProbeRing(size: 3, settings)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        let answer = try ring.call(Command.forwardSpins, mode: 1, payload: [6])
        #expect(answer.payload == [6])
    }

    @Test func `repeated frames deliver once`() throws {
        var settings = ProbeRing.settings(seed: 4)
        settings.duplicatesPer1024 = 1024
        let ring = try ProbeRing(size: 8, settings)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        for number in 0..<20 {
            let answer = try ring.call(Command.echo, key: .key(named: "\(number)"), at: number % 8)
            #expect(answer.status == 0)
        }
        ring.run(for: .seconds(2))
        #expect(ring.total("deliver") == 20)
        #expect(ring.total("reply") == 20)
        ring.checkWork()
    }

    @Test func `a request is sent again when its way is lost`() throws {
        let ring = try ProbeRing(size: 12, ProbeRing.settings(seed: 5))
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        var answered = 0
        for number in 0..<12 {
            let key = Identifier.key(named: "lost \(number)")
            let root = ring.clockwise(from: key)[0]
            let request = ring.start(Command.echo, key: key)
            if number == 3, root != 0 { ring.crash(root) }
            if ring.answer(to: request)?.status == 0 { answered += 1 }
        }
        #expect(answered == 12)
        ring.run(for: .seconds(2))
        ring.checkWork()
    }

    @Test func `a second answer and an answer with a forged handle are ignored`() throws {
        let ring = try ProbeRing(size: 3)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        let twice = try ring.call(Command.answerTwice, payload: [1])
        #expect(twice.status == 1)
        ring.run(for: .seconds(1))
        #expect(ring.total("reply") == 1)
        var genuine: ReplyMessage?
        ring.simulation.tap = { frame, _ in
            if frame.kind == FrameKind.reply.rawValue {
                genuine = try? ReplyMessage(wireBytes: frame.body, "reply")
            }
        }
        let key = try #require(
            (0..<50).map { Identifier.key(named: "k\($0)") }
                .first { ring.clockwise(from: $0)[0] == 1 }
        )
        _ = try ring.call(Command.echo, key: key)
        var forged = try #require(genuine)
        let liar = ring.simulation.hosts[1].handle
        // The genuine handle of an answered request, then one with another nonce.
        for nonce in [forged.handle.nonce, forged.handle.nonce &+ 1] {
            forged.handle.nonce = nonce
            forged.budget = .max
            ring.simulation.inject(
                Frame(kind: FrameKind.reply.rawValue, body: forged.wireBytes),
                from: liar,
                to: 0
            )
            ring.checkFuel()
        }
        ring.run(for: .seconds(1))
        #expect(ring.total("reply") == 2)
    }
}
