import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing
import Wire

/// Floods within the rules, and what they must leave to the others (`Spec/node.md` §3.1).
@Suite struct CrowdingTests {
    private typealias Command = ProbePeerlet.Command

    private func stranger(_ number: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (number, 3, 5, 7)),
            endpoint: Endpoint(10, 9, 9, 9, port: 999)
        )
    }

    /// A node alone with room for `limit` remembered messages, and one message that it took.
    private func node(limit: Int) throws -> (ring: ProbeRing, message: RoutedMessage) {
        var settings = ProbeRing.settings()
        settings.configuration.duplicateLimit = limit
        let ring = try ProbeRing(size: 2, settings)
        var found: RoutedMessage?
        ring.simulation.tap = { frame, _ in
            guard frame.kind == FrameKind.route.rawValue, found == nil else { return }
            found = try? RoutedMessage(wireBytes: frame.body, "message")
        }
        try ring.deploy(ProbePeerlet())
        let far = try #require(
            (0..<60).map { Identifier.key(named: "far \($0)") }
                .first { ring.clockwise(from: $0)[0] == 1 }
        )
        #expect(try ring.call(Command.echo, key: far).status == 0)
        ring.simulation.tap = nil
        var message = try #require(found)
        message.remaining = 60_000
        return (ring, message)
    }

    /// Sends `count` new messages and counts the verdicts.
    private func flood(
        _ ring: ProbeRing,
        _ template: RoutedMessage,
        from peer: NodeHandle,
        count: UInt64,
        series: UInt64
    ) -> [HopAcknowledgement.Verdict: Int] {
        var verdicts: [HopAcknowledgement.Verdict: Int] = [:]
        ring.simulation.tap = { frame, to in
            guard frame.kind == FrameKind.hopAcknowledgement.rawValue, to.id == peer.id,
                let answer = try? HopAcknowledgement(wireBytes: frame.body, "acknowledgement")
            else { return }
            verdicts[answer.verdict, default: 0] += 1
        }
        for number in 0..<count {
            var message = template
            message.id = MessageID(high: series, low: number)
            ring.simulation.inject(
                Frame(kind: FrameKind.route.rawValue, body: message.wireBytes),
                from: peer,
                to: 1
            )
        }
        ring.run(for: .seconds(1))
        ring.simulation.tap = nil
        return verdicts
    }

    @Test func `no link takes all the room for remembered messages, nor an application's`() throws {
        let (ring, message) = try node(limit: 64)
        let first = flood(ring, message, from: stranger(1), count: 200, series: 1)
        #expect(first[.accepted, default: 0] <= 32)
        #expect(first[.busy, default: 0] >= 168)
        // Whatever application its messages name: the link has had its share.
        var other = message
        other.application = try ProbePeerlet.identifier(named: "other")
        #expect(flood(ring, other, from: stranger(1), count: 20, series: 2)[.accepted] == nil)
        // The application has not: it is let in over other links.
        let second = flood(ring, message, from: stranger(2), count: 20, series: 3)
        #expect(second[.accepted, default: 0] >= 8)
        let third = flood(ring, message, from: stranger(3), count: 20, series: 4)
        #expect(third[.accepted, default: 0] >= 4)
    }

    @Test func `however many links want room, the node's own applications find some`() {
        var shares = RoomShares(capacity: 4096)
        var holders: [RoomHolder] = []
        let application = ApplicationID(.zero)
        func admits(_ holder: RoomHolder) -> Bool {
            if shares.mustCount(taken: holders.count) { shares.count(holders) }
            return shares.admit(holder, taken: holders.count)
        }
        for link in 0..<1000 as Range<UInt64> {
            let holder = RoomHolder(link: stranger(link).id, application: application)
            while admits(holder) {
                shares.take(holder)
                holders.append(holder)
            }
        }
        #expect(holders.count == 4096 - 256)
        #expect(admits(RoomHolder(application: application)))
        #expect(admits(RoomHolder()))
    }

    @Test func `only a successor's offer makes a node fetch code`() throws {
        let ring = try ProbeRing(size: 2)
        var asked: [Identifier] = []
        ring.simulation.tap = { frame, to in
            if frame.kind == FrameKind.fetch.rawValue { asked.append(to.id) }
        }
        let offer = ApplicationOffer(
            application: try ProbePeerlet.identifier(named: "offered"),
            code: RoutedMessage.Code(digest: .key(named: "package"), version: 1, locator: "")
        )
        let frame = Frame(kind: FrameKind.offer.rawValue, body: offer.wireBytes)
        ring.simulation.inject(frame, from: stranger(1), to: 1)
        ring.run(for: .seconds(1))
        #expect(asked.isEmpty)
        let successor = ring.simulation.hosts[0].handle
        ring.simulation.inject(frame, from: successor, to: 1)
        ring.run(for: .seconds(1))
        #expect(asked.first == successor.id)
    }

    @Test func `messages that have expired are not remembered`() throws {
        let (ring, message) = try node(limit: 64)
        var expired = message
        expired.timeToLive = 0
        let verdicts = flood(ring, expired, from: stranger(1), count: 500, series: 1)
        #expect(verdicts == [.expired: 500])
        let next = flood(ring, message, from: stranger(1), count: 8, series: 2)
        #expect(next == [.accepted: 8])
    }

    @Test func `applications above the loader's limit come back after a restart too`() throws {
        let ring = try ProbeRing(size: 1)
        let names = (0..<20).map { "probe \($0)".replacing(" ", with: "-") }
        for name in names { try ring.deploy(ProbePeerlet(name: name)) }
        ring.run(for: .seconds(1))
        ring.crash(0)
        try ring.simulation.start(0)
        ring.run(for: .seconds(5))
        for name in names {
            ring.name = name
            #expect(ring.application(at: 0) != nil, "\(name)")
        }
    }

    @Test func `nobody hears that the ring has formed before the founder has it on disk`() throws {
        var settings = ProbeRing.settings()
        settings.diskDelay = 300_000_000...300_000_000
        let simulation = Simulation(settings)
        for index in 0..<4 {
            simulation.addHost()
            try simulation.start(index, joining: index == 0 ? nil : [0])
        }
        func hasFormed(_ index: Int) -> Bool {
            simulation.hosts[index].events.contains { $0.name == "ring.formed" }
        }
        #expect(simulation.run(until: { hasFormed(0) }, within: .seconds(60)))
        simulation.run(for: .milliseconds(200))
        #expect((1..<4).filter(hasFormed).isEmpty)
        simulation.crash(0)
        simulation.run(for: .seconds(5))
        #expect((1..<4).filter(hasFormed).isEmpty)
        // It comes back without a record.
        try simulation.start(0, joining: [1])
        #expect(simulation.run(until: { (0..<4).allSatisfy(hasFormed) }, within: .seconds(60)))
    }

    @Test func `a peerlet's log is cut to its rate`() throws {
        var draft = ManifestDraft(name: "chatter", version: 1)
        draft.limits.fuelPerUpcall = 100_000
        draft.limits.fuelPerSecond = 2_000_000
        let image = try AssembledProgram.image(
            of: """
                .prost 1
                .name "chatter"
                include "std.inc"
                import env.log, kbr.reply
                inbox 1024
                data text: "\(String(repeating: "a", count: 2048))"
                upcall client(ev: Event)
                  env.log(1, text, 2048)
                  kbr.reply(ev.reply, OK, 0, 0, 0)
                end
                """
        )
        let package = try PackageWriter.build(draft, image: image, signer: ProbePeerlet.provider)
        let ring = try ProbeRing(size: 1)
        ring.name = "chatter"
        try ring.deploy(package: package)
        for _ in 0..<40 { _ = try ring.call(0) }
        let lines = ring.simulation.hosts[0].events.count { $0.name == "peerlet.log" }
        // A minute's worth at 1000 bytes a second, each line 2048 and 64 more.
        #expect(lines == 28)
        #expect(ring.simulation.hosts[0].events.contains { $0.name == "limit.hit" })
        ring.run(for: .seconds(3))
        _ = try ring.call(0)
        #expect(ring.simulation.hosts[0].events.count { $0.name == "peerlet.log" } == lines + 1)
    }
}
