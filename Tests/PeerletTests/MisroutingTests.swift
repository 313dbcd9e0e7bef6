import Chord
import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing
import Wire

@Suite struct MisroutingTests {
    /// One node in five acknowledges messages and drops them or sends them anywhere.
    @Test func `requests reach an honest replica past nodes that drop and misroute`() throws {
        var settings = try TestRing.settings(seed: 5, r: 4)
        settings.configuration.replicas = 4
        let ring = try TestRing(size: 32, settings)
        try ring.deploy(Peerlet("trace/trace.pasm"), at: 0)
        let bad = stride(from: 1, to: 32, by: 5).map { $0 }
        for (number, index) in bad.enumerated() {
            ring.simulation.plant(number % 2 == 0 ? .dropsMessages : .misroutes, at: index)
        }
        let order = ring.live.sorted {
            ring.simulation.hosts[$0].handle.id < ring.simulation.hosts[$1].handle.id
        }
        var answered = 0
        var standIns = 0
        ring.simulation.tap = { frame, _ in
            guard frame.kind == FrameKind.route.rawValue,
                let message = try? RoutedMessage(wireBytes: frame.body, "message")
            else { return }
            if message.rank > 0 { standIns += 1 }
        }
        for number in 0..<100 {
            let key = "probe \(number)"
            let number = ring.start("trace", "probe", key: key, at: 0)
            guard let answer = ring.answer(to: number), answer.status == 0 else { continue }
            let id = Identifier.key(named: key)
            let first = order.firstIndex { id <= ring.simulation.hosts[$0].handle.id } ?? 0
            let replicas = (0..<4).map { order[(first + $0) % order.count] }
                .filter { !bad.contains($0) }
            let ids = replicas.map { ring.simulation.hosts[$0].handle.id.hexadecimal }
            if ids.contains(answer.node) { answered += 1 }
        }
        #expect(answered >= 99)
        #expect(standIns > 0)
    }
}
