import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletBytecode
import PeerletRuntime
import SansIO
import Testing
import Wire

@Suite struct FailureTests {
    private typealias Command = ProbePeerlet.Command

    private func ring(
        _ size: Int,
        _ settings: SimulationSettings = ProbeRing.settings()
    ) throws
        -> ProbeRing
    {
        let ring = try ProbeRing(size: size, settings)
        for index in ring.live { try ring.deploy(ProbePeerlet(), at: index) }
        return ring
    }

    // MARK: Refusals

    @Test func `the next of the replica set acts for a root that refuses`() throws {
        let ring = try ring(8)
        let key = Identifier.key(named: "refused")
        let order = ring.clockwise(from: key)
        let source = try #require(order.last)
        #expect(try ring.call(Command.echo, key: key, at: source).node == name(order[0], ring))
        // A new policy stops what runs, in the same step.
        ring.simulation.setPolicy(NodePolicy(), of: order[0])
        #expect(ring.application(at: order[0]) == nil)
        let second = try ring.call(Command.echo, key: key, at: source)
        #expect(second.status == 0)
        #expect(second.node == name(order[1], ring))
        ring.simulation.setPolicy(NodePolicy(), of: order[1])
        #expect(try ring.call(Command.echo, key: key, at: source).node == name(order[2], ring))
        ring.simulation.setPolicy(NodePolicy(), of: order[2])
        let denied = try ring.call(Command.echo, key: key, at: source)
        #expect(denied.status == HostError.denied.rawValue)
        // And back again.
        ring.simulation.setPolicy(ProbeRing.settings().policy, of: order[0])
        #expect(try ring.call(Command.echo, key: key, at: source).node == name(order[0], ring))
        ring.run(for: .seconds(2))
        ring.checkWork()
    }

    @Test func `messages waiting where the policy turns against them go on to the next`() throws {
        let ring = try ring(6)
        let key = Identifier.key(named: "waiting")
        let order = ring.clockwise(from: key)
        let source = try #require(order.last)
        let requests = (0..<8).map { _ in ring.start(Command.echo, key: key, at: source) }
        let root = ring.simulation.hosts[order[0]].node?.ledger.received
        _ = ring.run(
            until: { ring.simulation.hosts[order[0]].node?.ledger.received != root },
            within: .seconds(2)
        )
        ring.simulation.setPolicy(NodePolicy(), of: order[0])
        ring.checkFuel()
        let answers = requests.compactMap { ring.answer(to: $0) }
        #expect(answers.count == 8)
        #expect(answers.allSatisfy { $0.status == 0 || $0.status == HostError.fault.rawValue })
        #expect(answers.contains { $0.node == name(order[1], ring) })
    }

    private func name(_ index: Int, _ ring: ProbeRing) -> String { ring.identifier(of: index) }

    // MARK: Disks

    @Test func `nothing leaves a node before its batch is durable`() throws {
        var settings = ProbeRing.settings()
        settings.diskDelay = 200_000_000...200_000_000
        let ring = try ring(1, settings)
        ring.run(for: .seconds(1))
        let request = ring.start(Command.count)
        ring.run(for: .milliseconds(150))
        #expect(ring.simulation.response(to: request) == nil)
        ring.crash(0)
        try ring.simulation.start(0)
        ring.run(for: .seconds(2))
        #expect(ring.simulation.response(to: request) == nil)
        #expect(try ring.call(Command.count).payload.first == 1)
    }

    @Test func `a later upcall reads what is not durable yet`() throws {
        var settings = ProbeRing.settings()
        settings.diskDelay = 100_000_000...100_000_000
        let ring = try ring(1, settings)
        let requests = (0..<3).map { _ in ring.start(Command.count) }
        let answers = requests.compactMap { ring.answer(to: $0) }
        #expect(answers.compactMap(\.payload.first) == [1, 2, 3])
    }

    @Test func `a failed disk acknowledges nothing and the instance begins again from the store`()
        throws
    {
        let ring = try ring(4)
        let key = Identifier.key(named: "disk")
        let root = try #require(ring.clockwise(from: key).first)
        let source = try #require(ring.clockwise(from: key).last)
        #expect(try ring.call(Command.count, key: key, at: source).payload.first == 1)
        ring.simulation.setDiskFails(true, at: root)
        let failed = try ring.call(Command.count, key: key, at: source)
        #expect(failed.status == HostError.fault.rawValue)
        ring.simulation.setDiskFails(false, at: root)
        #expect(try ring.call(Command.count, key: key, at: source).payload.first == 2)
        #expect(ring.counter("restored", at: root) == 1)
        ring.simulation.setDiskFails(true, at: root)
        for _ in 0..<20 { #expect(try ring.call(Command.count, key: key, at: source).status != 0) }
        #expect(ring.state(at: root) == "stopped")
    }

    // MARK: Restarts

    @Test func `what ran before a restart runs again from the store`() throws {
        let ring = try ring(4)
        let key = Identifier.key(named: "kept")
        let root = try #require(ring.clockwise(from: key).first)
        let other = try #require(ring.clockwise(from: key).last)
        #expect(try ring.call(Command.count, key: key, at: other).payload.first == 1)
        ring.run(for: .seconds(1))
        ring.crash(root)
        ring.run(for: .seconds(5))
        try ring.simulation.start(root, joining: [other])
        try #require(ring.settle())
        ring.run(for: .seconds(2))
        #expect(ring.state(at: root) == "ready")
        #expect(ring.counter("restored", at: root) == 1)
        #expect(try ring.call(Command.count, key: key, at: other).payload.first == 2)
    }

    @Test func `a wiped node comes back empty and gets the code by a message`() throws {
        let ring = try ring(4)
        let key = Identifier.key(named: "wiped")
        let root = try #require(ring.clockwise(from: key).first)
        let other = try #require(ring.clockwise(from: key).last)
        ring.crash(root, wipingDisk: true)
        ring.run(for: .seconds(5))
        try ring.simulation.start(root, joining: [other])
        try #require(ring.settle())
        #expect(ring.application(at: root) == nil)
        let answer = try ring.call(Command.count, key: key, at: other)
        #expect(answer.payload.first == 1)
        #expect(answer.node == ring.identifier(of: root))
    }

    @Test func `a node that leaves is missed by no message`() throws {
        let ring = try ring(6)
        let key = Identifier.key(named: "leaving")
        let order = ring.clockwise(from: key)
        let source = try #require(order.last)
        ring.simulation.leave(order[0])
        let left = ring.run(
            until: { ring.simulation.hosts[order[0]].hasLeft },
            within: .seconds(15)
        )
        #expect(left)
        ring.crash(order[0])
        let answer = try ring.call(Command.echo, key: key, at: source)
        #expect(answer.status == 0)
        #expect(answer.node == ring.identifier(of: order[1]))
    }

    // MARK: Bad networks

    @Test(arguments: [31, 32, 33, 34])
    func `fuel is neither made nor lost by resets, repeats and falls`(seed: UInt64) throws {
        var settings = ProbeRing.settings(seed: seed)
        settings.duplicatesPer1024 = 200
        let ring = try ring(8, settings)
        var random = DeterministicRandom(seed: seed)
        var commands = [Command.echo, Command.count, Command.trap, Command.spin, Command.silence]
        commands += [Command.forwardStops, Command.forwardTraps, Command.answerTwice]
        for number in 0..<80 {
            let index = ring.live[Int(random.below(UInt64(ring.live.count)))]
            let command = commands[Int(random.below(UInt64(commands.count)))]
            _ = ring.start(
                command,
                mode: Int(random.below(3)),
                key: .key(named: "\(random.below(40))"),
                at: index,
                fuel: random.below(3_000_000)
            )
            ring.run(for: .milliseconds(random.below(20)))
            if number == 40 { ring.crash(ring.live[3]) }
        }
        ring.run(for: .seconds(15))
        ring.checkWork()
        // Everything is settled in the end.
        for index in ring.live { #expect(ring.simulation.hosts[index].node?.fuelHeld == 0) }
    }

    @Test func `the same seed gives the same run`() throws {
        func run(_ seed: UInt64) throws -> (UInt64, UInt64) {
            var settings = ProbeRing.settings(seed: seed)
            settings.resetsPer1024 = 5
            let ring = try ring(5, settings)
            for number in 0..<10 {
                _ = ring.start(
                    Command.count,
                    mode: 1,
                    key: .key(named: "\(number)"),
                    at: number % 5
                )
            }
            ring.crash(4)
            ring.run(for: .seconds(5))
            return (ring.simulation.fingerprint, ring.simulation.eventCount)
        }
        let first = try run(7)
        let again = try run(7)
        let other = try run(8)
        #expect(first == again)
        #expect(first != other)
    }
}
