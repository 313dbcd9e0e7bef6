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

@Suite struct UpcallTests {
    private typealias Command = ProbePeerlet.Command

    private func ring(_ size: Int = 1) throws -> ProbeRing {
        let ring = try ProbeRing(size: size)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        return ring
    }

    @Test func `a trap and an exhausted upcall answer FAULT and leave nothing`() throws {
        let ring = try ring()
        for command in [Command.trap, Command.spin] {
            let answer = try ring.call(command)
            #expect(answer.status == HostError.fault.rawValue)
        }
        #expect(ring.counter("deliver", at: 0) == 0)
        let counted = try ring.call(Command.count)
        #expect(counted.payload == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try ring.call(Command.localTrap).status == HostError.fault.rawValue)
    }

    @Test func `repeated faults stop the instance, which answers no more`() throws {
        let ring = try ring()
        for _ in 0..<16 { _ = try ring.call(Command.localTrap) }
        #expect(ring.state(at: 0) == "stopped")
        #expect(try ring.call(Command.echo).outcome == .temporary)
    }

    @Test func `messages that bring too little fuel do not stop the instance`() throws {
        let ring = try ring()
        for _ in 0..<40 {
            let answer = try ring.call(Command.localSpin, fuel: 500)
            #expect(answer.status == HostError.noBudget.rawValue)
        }
        #expect(ring.state(at: 0) == "ready")
        #expect(try ring.call(Command.echo).status == 0)
    }

    @Test func `an instance that exits leaves no timer and comes back with the next message`()
        throws
    {
        let ring = try ring()
        _ = try ring.call(Command.startTimer)
        ring.run(for: .seconds(1))
        #expect(try ring.call(Command.exit).status == 0)
        let ticks = ring.counter("tick", at: 0)
        #expect(ticks == 9 || ticks == 10)
        #expect(ring.state(at: 0) == "stopped")
        ring.run(for: .seconds(1))
        #expect(ring.counter("tick", at: 0) == ticks)
        #expect(try ring.call(Command.echo).status == 0)
        #expect(ring.state(at: 0) == "ready")
        #expect(ring.counter("init", at: 0) == 2)
    }

    @Test func `a cancelled timer does not call`() throws {
        let ring = try ring()
        _ = try ring.call(Command.startTimer)
        ring.run(for: .milliseconds(350))
        _ = try ring.call(Command.cancelTimer)
        let ticks = ring.counter("tick", at: 0)
        #expect(ticks == 3)
        ring.run(for: .seconds(1))
        #expect(ring.counter("tick", at: 0) == ticks)
    }

    @Test func `pushes reach their client, whose end the peerlet hears of`() throws {
        let ring = try ring()
        _ = try ring.call(Command.push, payload: [1, 2, 3])
        let push = try #require(ring.simulation.pushes[1]?.first)
        #expect(push.type == 9)
        #expect(push.payload == [1, 2, 3])
        ring.simulation.disconnect(client: 1, at: 0)
        ring.run(for: .milliseconds(100))
        #expect(ring.counter("gone", at: 0) == 1)
    }

    @Test func `the rate pauses an instance, it does not fail it`() throws {
        var settings = ProbeRing.settings()
        settings.configuration.faultLimit = 1000
        let ring = try ProbeRing(size: 1, settings)
        try ring.deploy(ProbePeerlet())
        let start = ring.simulation.now
        let requests = (0..<60).map { _ in ring.start(Command.localSpin, fuel: 4_000_000) }
        // 60 upcalls of 100,000 at 2,000,000 a second, the burst of 4,000,000 ahead.
        let answers = requests.compactMap { ring.answer(to: $0) }
        #expect(answers.count == 60)
        #expect(answers.allSatisfy { $0.status != 0 })
        #expect(ring.simulation.now.since(start) > .milliseconds(900))
        ring.checkWork()
    }

    @Test func `a full mailbox refuses the request at once`() throws {
        let ring = try ring()
        let requests = (0..<100).map { _ in ring.start(Command.echo) }
        let refused = requests.filter {
            ring.simulation.response(to: $0)?.status == .temporary
        }
        #expect((30...40).contains(refused.count))
        let answers = requests.compactMap { ring.answer(to: $0) }
        #expect(answers.count == 100)
    }

    @Test func `a payload beyond the inbox is refused as too big and is nobody's fault`() throws {
        let ring = try ring(3)
        let big = [UInt8](repeating: 1, count: 3000)
        for _ in 0..<20 { #expect(try ring.call(Command.echo, payload: big).outcome == .badInput) }
        #expect(ring.state(at: 0) == "ready")
    }

    @Test func `a newer version takes over the store and begins with UPGRADED`() throws {
        let ring = try ring()
        _ = try ring.call(Command.count)
        _ = try ring.call(Command.startTimer)
        let pending = ring.start(Command.echo)
        try ring.deploy(ProbePeerlet(version: 2))
        #expect(ring.answer(to: pending)?.status == 0)
        ring.run(for: .seconds(1))
        #expect(ring.counter("upgraded", at: 0) == 1)
        #expect(ring.counter("tick", at: 0) == 0)
        #expect(try ring.call(Command.count).payload.first ?? 0 >= 2)
        // An older one does not come back.
        try ring.deploy(ProbePeerlet())
        #expect(ring.application(at: 0)?["version"] == .text("0.0.2"))
    }

    @Test func `neighbours that change are told, and a watched node's death`() throws {
        let ring = try ring(4)
        let watched = ring.simulation.hosts[3].handle
        _ = try ring.call(Command.watch, payload: watched.wireBytes)
        ring.run(for: .seconds(3))
        #expect(ring.counter("dead", at: 0) == 0)
        let updates = ring.counter("update", at: 0)
        ring.crash(3)
        ring.run(for: .seconds(20))
        #expect(ring.counter("dead", at: 0) == 1)
        #expect(ring.counter("update", at: 0) > updates)
    }

    @Test func `a direct message to a dead node comes back as undeliverable`() throws {
        let ring = try ring(4)
        let target = ring.simulation.hosts[3].handle
        ring.crash(3)
        _ = try ring.call(Command.sendTo, payload: target.wireBytes)
        ring.run(for: .seconds(10))
        #expect(ring.counter("undeliverable", at: 0) == 1)
        // And one to itself is delivered.
        _ = try ring.call(Command.sendTo, payload: ring.simulation.hosts[0].handle.wireBytes)
        ring.run(for: .seconds(1))
        #expect(ring.counter("deliver", at: 0) == 1)
    }
}
