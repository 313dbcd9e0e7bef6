import Chord
import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletRuntime
import SansIO
import Testing
import Wire

@Suite struct HostileFrameTests {
    private typealias Command = ProbePeerlet.Command

    /// A small ring and frames of every kind that its nodes sent each other.
    private func traffic(
        _ store: ProbePeerlet.Store
    ) throws -> (ring: ProbeRing, frames: [Frame]) {
        let ring = try ProbeRing(size: 4, ProbeRing.settings(seed: 9))
        var frames: [UInt8: [Frame]] = [:]
        ring.simulation.tap = { frame, _ in
            if frames[frame.kind, default: []].count < 12 {
                frames[frame.kind, default: []].append(frame)
            }
        }
        try ring.deploy(ProbePeerlet(store: store))
        for number in 0..<12 {
            _ = ring.start(Command.count, mode: 2, key: .key(named: "\(number)"))
        }
        ring.run(for: .seconds(6))
        ring.simulation.tap = nil
        return (ring, frames.sorted { $0.key < $1.key }.flatMap(\.value))
    }

    private func stranger(_ number: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (number, 3, 5, 7)),
            endpoint: Endpoint(10, 9, 9, 9, port: 999)
        )
    }

    @Test func `random bytes of every kind are refused`() throws {
        let (ring, _) = try traffic(.overlay)
        var random = DeterministicRandom(seed: 1)
        for round in 0..<3000 {
            let kind = UInt8(random.below(24))
            let length = Int(random.below(round % 10 == 0 ? 2000 : 120))
            ring.simulation.inject(
                Frame(kind: kind, body: random.bytes(length)),
                from: stranger(random.below(5)),
                to: 0
            )
        }
        ring.run(for: .seconds(3))
        #expect(try ring.call(Command.echo).status == 0)
    }

    @Test(arguments: [ProbePeerlet.Store.overlay, .consistent])
    func `changed, cut and repeated frames of peers do no harm`(
        store: ProbePeerlet.Store
    ) throws {
        let (ring, frames) = try traffic(store)
        let kinds = Set(frames.map(\.kind))
        #expect(kinds.isSuperset(of: [10, 11, 12, 13, 14, 15]))
        if store == .consistent { #expect(kinds.contains(FrameKind.range.rawValue)) }
        var random = DeterministicRandom(seed: 2)
        for round in 0..<2500 {
            var frame = frames[Int(random.below(UInt64(frames.count)))]
            change(&frame.body, &random)
            let peer =
                random.below(2) == 0
                ? stranger(random.below(5)) : ring.simulation.hosts[Int(random.below(3)) + 1].handle
            ring.simulation.inject(frame, from: peer, to: Int(random.below(2)))
            ring.checkFuel()
            if round % 50 == 0 { ring.run(for: .milliseconds(5)) }
        }
        ring.run(for: .seconds(5))
        #expect(ring.simulation.hosts[0].node != nil)
    }

    private func change(_ body: inout [UInt8], _ random: inout DeterministicRandom) {
        guard !body.isEmpty else { return }
        let extremes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]
        for _ in 0...random.below(4) {
            let place = Int(random.below(UInt64(body.count)))
            switch random.below(6) {
            case 0: body[place] ^= 1 << UInt8(random.below(8))
            case 1: body[place] = extremes[Int(random.below(6))]
            case 2:
                let end = min(body.count, place + 8)
                let byte = extremes[Int(random.below(6))]
                for index in place..<end { body[index] = byte }
            case 3: body.removeLast(min(body.count - 1, Int(random.below(40))))
            case 4: body += random.bytes(Int(random.below(20)))
            default: break
            }
        }
    }

    @Test func `extreme figures in a message are clamped or refused`() throws {
        let (ring, frames) = try traffic(.overlay)
        let frame = try #require(frames.first { $0.kind == FrameKind.route.rawValue })
        let template = try RoutedMessage(wireBytes: frame.body, "message")
        let before = try #require(ring.simulation.hosts[1].node).ledger
        for rank in [UInt8(0), 1, 2, 3, 255] {
            for (number, target) in [UInt8(0), 15, 16, 255].enumerated() {
                var message = template
                message.id = MessageID(high: UInt64(rank), low: UInt64(number))
                message.rank = rank
                message.attempt = target
                message.budget = .max
                message.remaining = .max
                message.hops = .max
                message.timeToLive = .max
                message.trace = []
                ring.simulation.inject(
                    Frame(kind: FrameKind.route.rawValue, body: message.wireBytes),
                    from: stranger(1),
                    to: 1
                )
                ring.checkFuel()
            }
        }
        ring.run(for: .seconds(20))
        let after = try #require(ring.simulation.hosts[1].node).ledger
        #expect(after.burned &- before.burned > 0)
        ring.run(for: .seconds(70))
        for index in ring.live { #expect(ring.simulation.hosts[index].node?.fuelHeld == 0) }
    }

    @Test func `an acknowledgement counts only from the next hop`() throws {
        let (ring, _) = try traffic(.overlay)
        let key = try #require(
            (0..<60).map { Identifier.key(named: "far \($0)") }
                .first { ring.clockwise(from: $0)[0] == 2 }
        )
        var sent: RoutedMessage?
        ring.simulation.tap = { frame, _ in
            guard frame.kind == FrameKind.route.rawValue, sent == nil else { return }
            sent = try? RoutedMessage(wireBytes: frame.body, "message")
        }
        let request = ring.start(Command.echo, key: key)
        _ = ring.run(until: { sent != nil }, within: .seconds(1))
        let message = try #require(sent)
        let held = try #require(ring.simulation.hosts[0].node).fuelHeld
        for verdict in [HopAcknowledgement.Verdict.accepted, .stale, .busy, .expired] {
            let forged = HopAcknowledgement(
                id: message.id,
                attempt: message.attempt,
                verdict: verdict
            )
            ring.simulation.inject(
                Frame(kind: FrameKind.hopAcknowledgement.rawValue, body: forged.wireBytes),
                from: stranger(4),
                to: 0
            )
        }
        #expect(ring.simulation.hosts[0].node?.fuelHeld == held)
        #expect(ring.answer(to: request)?.status == 0)
    }
}
