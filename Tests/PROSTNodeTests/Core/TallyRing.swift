import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

/// A ring of one node that runs the tally.
extension ProbeRing {
    static func tally(
        _ settings: SimulationSettings = ProbeRing.settings(),
        _ peerlet: TallyPeerlet? = nil
    ) throws -> ProbeRing {
        let ring = try ProbeRing(size: 1, settings)
        ring.name = "tally"
        try ring.deploy(package: peerlet?.package ?? TallyPeerlet().package)
        return ring
    }

    /// The count after a command.
    func count(_ command: Int, key: String = "key") throws -> UInt8 {
        let answer = try call(command, key: .key(named: key))
        #expect(answer.status == 0)
        return try #require(answer.payload.first)
    }

    /// What the peerlet said of its life, in order.
    var said: [String] {
        simulation.hosts[0].events.filter { $0.name == "peerlet.log" }
            .compactMap { $0.fields.first { $0.name == "text" }?.value }
    }

    func happened(_ name: String) -> Bool {
        simulation.hosts[0].events.contains { $0.name == name }
    }

    func checkpoint() throws {
        _ = try call(TallyPeerlet.Command.checkpoint)
        run(for: .milliseconds(100))
    }

    func restart() throws {
        crash(0)
        try simulation.start(0)
        try #require(settle())
        run(for: .seconds(1))
    }
}
