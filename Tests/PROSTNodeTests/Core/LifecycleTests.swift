import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletRuntime
import SansIO
import Testing

@Suite struct LifecycleTests {
    private typealias Command = TallyPeerlet.Command
    private typealias Behaviour = TallyPeerlet.Behaviour

    @Test func `a newer version begins with what the older one wrote when it ended`() throws {
        let ring = try ProbeRing.tally()
        for _ in 0..<2 { _ = try ring.call(Command.add) }
        _ = try ring.call(Command.startTimer)
        let pending = ring.start(Command.add)
        let number = ring.simulation.command(
            .deploy(package: try TallyPeerlet(version: 2).package, locator: ""),
            at: 0
        )
        let late = ring.start(Command.add)
        #expect(ring.simulation.await(number)?.status == .done)
        #expect(ring.answer(to: pending)?.status == 0)
        #expect(ring.answer(to: late)?.status == 0)
        #expect(try ring.count(Command.read) == 4)
        ring.run(for: .seconds(1))
        // The timer was the older version's.
        #expect(try ring.count(Command.read) == 4)
        #expect(
            ring.said == [
                "init fresh", "stop upgrade", "init upgraded", "restored from 1", "restored",
            ]
        )
    }

    @Test func `an instance whose node leaves is told, and is back when the node is`() throws {
        let ring = try ProbeRing.tally()
        for _ in 0..<2 { _ = try ring.call(Command.add) }
        ring.simulation.leave(0)
        #expect(ring.run(until: { ring.simulation.hosts[0].hasLeft }, within: .seconds(15)))
        #expect(ring.said.last == "stop shutdown")
        #expect(!ring.simulation.hosts[0].isUp)
        try ring.restart()
        #expect(try ring.count(Command.read) == 2)
    }

    @Test func `what a policy denies is told, and keeps its snapshot`() throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.add)
        ring.simulation.setPolicy(NodePolicy(), of: 0)
        #expect(ring.application(at: 0) == nil)
        #expect(try ring.call(Command.add).outcome != .done)
        ring.run(for: .seconds(1))
        #expect(ring.said.last == "stop evicted")
        ring.simulation.setPolicy(ProbeRing.settings().policy, of: 0)
        try ring.deploy(package: TallyPeerlet().package)
        #expect(try ring.count(Command.read) == 1)
        #expect(ring.said.contains("init restored"))
    }

    @Test func `nothing of a revoked package runs any more`() throws {
        let peerlet = try TallyPeerlet()
        let ring = try ProbeRing.tally(ProbeRing.settings(), peerlet)
        _ = try ring.call(Command.add)
        var policy = ProbeRing.settings().policy
        let digest = try #require(PackageDigest(bytes: SHA256.digest(peerlet.package)))
        policy.revoke(digest, origin: .builtIn("revoked"))
        ring.simulation.setPolicy(policy, of: 0)
        ring.run(for: .seconds(1))
        #expect(ring.said == ["init fresh"])
    }

    @Test func `a policy that changes its mind does not wait for the old instance`() throws {
        var settings = ProbeRing.settings()
        // An upcall that uses all of its fuel takes twenty seconds.
        settings.nanosecondsPerFuel = 20_000
        let ring = try ProbeRing.tally(settings)
        _ = try ring.call(Command.behave, payload: [Behaviour.stopSpins.rawValue])
        ring.simulation.setPolicy(NodePolicy(), of: 0)
        ring.simulation.setPolicy(settings.policy, of: 0)
        try ring.deploy(package: TallyPeerlet().package)
        #expect(try ring.count(Command.add) > 0)
        ring.run(for: .seconds(30))
        #expect(ring.state(at: 0) == "ready")
    }

    @Test func `an instance that does not end in time is ended`() throws {
        var settings = ProbeRing.settings()
        settings.nanosecondsPerFuel = 20_000
        let ring = try ProbeRing.tally(settings)
        _ = try ring.call(Command.add)
        _ = try ring.call(Command.behave, payload: [Behaviour.stopSpins.rawValue])
        ring.simulation.setPolicy(NodePolicy(), of: 0)
        ring.run(for: .milliseconds(2500))
        #expect(ring.happened("instance.ended_early"))
        ring.simulation.setPolicy(settings.policy, of: 0)
        try ring.deploy(package: TallyPeerlet().package)
        // Its snapshot came first.
        #expect(try ring.count(Command.read) == 1)
        ring.run(for: .seconds(30))
        #expect(ring.state(at: 0) == "ready")
    }

    @Test func `an instance that ends itself is told and forgotten`() throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        let requests = [Command.exit, Command.add, Command.add].map { ring.start($0) }
        let answers = requests.compactMap { ring.answer(to: $0) }
        #expect(answers.map(\.status) == [0, 0, 0])
        #expect(answers.map { $0.payload.first } == [1, 1, 2])
        #expect(ring.said == ["init fresh", "stop exit", "init fresh"])
        try ring.restart()
        #expect(try ring.count(Command.read) == 0)
    }

    @Test func `the idle instance of a key is put away and comes back as it was`() throws {
        var settings = ProbeRing.settings()
        settings.configuration.idleTime = .seconds(5)
        let ring = try ProbeRing.tally(settings, TallyPeerlet(isKeyed: true))
        #expect(try ring.count(Command.add) == 1)
        ring.run(for: .seconds(4))
        #expect(ring.state(at: 0) == "ready")
        #expect(try ring.count(Command.add) == 2)
        ring.run(for: .seconds(4))
        #expect(ring.state(at: 0) == "ready")
        ring.run(for: .seconds(2))
        #expect(ring.state(at: 0) == "stopped")
        #expect(try ring.count(Command.read, key: "another") == 0)
        #expect(try ring.count(Command.read) == 2)
        #expect(
            ring.said == [
                "init fresh", "stop evicted", "init fresh", "init restored", "restored from 1",
                "restored",
            ]
        )
        // One with a timer has something to do.
        _ = try ring.call(Command.startTimer)
        ring.run(for: .seconds(8))
        #expect(try ring.count(Command.read) > 50)
    }

    // MARK: Parameters

    @Test func `a peerlet reads the parameters of the most specific section`() throws {
        let peerlet = try TallyPeerlet()
        func policy(_ text: String) -> NodePolicy {
            var policy = ProbeRing.settings().policy
            policy.defaults.parameters = Ruled("everybody's", .builtIn("defaults"))
            guard !text.isEmpty else { return policy }
            var rule = PolicyRule()
            rule.parameters = Ruled(text, .builtIn("apps"))
            policy.add(
                ApplicationRule(
                    application: peerlet.application,
                    name: "",
                    origin: .builtIn("apps"),
                    rule: rule
                )
            )
            return policy
        }
        var settings = ProbeRing.settings()
        settings.policy = policy("")
        let ring = try ProbeRing.tally(settings, peerlet)
        #expect(try ring.call(Command.parameters).payload == Array("everybody's".utf8))
        ring.simulation.setPolicy(policy("its own"), of: 0)
        #expect(try ring.call(Command.parameters).payload == Array("its own".utf8))
    }
}
