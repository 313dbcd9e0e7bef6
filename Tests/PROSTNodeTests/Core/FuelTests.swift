import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletRuntime
import SansIO
import Testing
import Wire

@Suite struct FuelTests {
    private typealias Command = ProbePeerlet.Command

    private func ring(_ size: Int) throws -> ProbeRing {
        let ring = try ProbeRing(size: size)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        return ring
    }

    private func ledger(_ index: Int, _ ring: ProbeRing) throws -> BudgetLedger {
        try #require(ring.simulation.hosts[index].node?.ledger)
    }

    @Test func `what timers send is paid by the application's rate`() throws {
        let ring = try ring(1)
        _ = try ring.call(Command.flood)
        ring.run(for: .seconds(1))
        let before = try ledger(0, ring)
        ring.run(for: .seconds(10))
        let after = try ledger(0, ring)
        // 2,000,000 a second, of which a burst of 4,000,000 may be left over. Eight messages every
        // ten milliseconds would else bring in 160,000,000 a second.
        #expect(after.injected - before.injected <= 24_000_000)
        #expect(after.injected - before.injected >= 10_000_000)
        ring.checkWork()
    }

    @Test func `a hop burns nothing of a request that it passes on`() throws {
        let ring = try ring(24)
        var path: [Identifier] = []
        var returned: UInt64 = 0
        let source = 0
        ring.simulation.tap = { frame, peer in
            if frame.kind == FrameKind.route.rawValue { path.append(peer.id) }
            guard frame.kind == FrameKind.fuelReturn.rawValue,
                let back = try? FuelReturn(wireBytes: frame.body, "returned fuel"),
                peer.id == back.origin
            else { return }
            returned += back.fuel
        }
        var hops = 0
        for number in 0..<12 {
            ring.run(for: .seconds(1))
            path = []
            let burned = try ring.live.map { try ledger($0, ring).burned }
            let key = Identifier(words: (UInt64(number) << 60, 0, 0, 0))
            #expect(try ring.call(Command.echo, key: key, at: source).status == 0)
            ring.run(for: .seconds(1))
            for index in ring.live {
                guard let place = path.firstIndex(of: ring.simulation.hosts[index].handle.id),
                    place + 1 < path.count
                else { continue }
                hops += 1
                #expect(try ledger(index, ring).burned == burned[index])
            }
        }
        #expect(hops > 5)
        #expect(returned > 0)
        let received = try ledger(source, ring).received
        #expect(received >= returned)
        ring.checkWork()
    }

    @Test func `a request takes back no more than it sent out`() throws {
        let ring = try ring(6)
        let key = Identifier.key(named: "silent")
        let source = try #require(ring.clockwise(from: key).last)
        let origin = ring.simulation.hosts[source].handle
        let peer = ring.simulation.hosts[ring.clockwise(from: key)[0]].handle
        var nonce: UInt64?
        ring.simulation.tap = { frame, _ in
            guard frame.kind == FrameKind.route.rawValue, nonce == nil,
                let message = try? RoutedMessage(wireBytes: frame.body, "message")
            else { return }
            nonce = message.replyHandle?.nonce
        }
        _ = ring.start(Command.silence, key: key, at: source)
        ring.run(for: .milliseconds(100))
        let request = try #require(nonce)
        for fuel in [UInt64.max, 1, UInt64.max] {
            let back = FuelReturn(origin: origin.id, nonce: request, fuel: fuel)
            let frame = Frame(kind: FrameKind.fuelReturn.rawValue, body: back.wireBytes)
            ring.simulation.inject(frame, from: peer, to: source)
            ring.checkFuel()
            let node = try #require(ring.simulation.hosts[source].node)
            #expect(node.fuelHeld <= 2_000_000)
            #expect(node.fuelHeld > 0)
        }
        for (nonce, timeToLive) in [(request, UInt8(0)), (request &+ 1, 40)] {
            let before = try ledger(source, ring).burned
            let back = FuelReturn(
                origin: origin.id,
                nonce: nonce,
                timeToLive: timeToLive,
                fuel: 1000
            )
            let frame = Frame(kind: FrameKind.fuelReturn.rawValue, body: back.wireBytes)
            ring.simulation.inject(frame, from: peer, to: source)
            #expect(try ledger(source, ring).burned == before + 1000)
        }
        ring.run(for: .seconds(20))
        #expect(try ledger(source, ring).held == 0)
    }
}
