import Chord
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

@Suite struct TraceTests {
    private struct Hop {
        var node: String
        var number: UInt8
    }

    /// What a probe answers: the hops whose `forward` ran, 72 bytes each.
    private func path(_ payload: [UInt8]) -> [Hop] {
        stride(from: 0, to: payload.count, by: 72).compactMap { start in
            guard start + 72 <= payload.count,
                let id = Identifier(bytes: payload[start..<start + 32])
            else { return nil }
            return Hop(node: id.hexadecimal, number: payload[start + 64])
        }
    }

    /// In the geometry of one hop only nodes whose tables are behind see a message pass.
    @Test(arguments: [Geometry.chord, .successors])
    func `probes run at intermediate hops, whose code came from the hop before`(
        geometry: Geometry
    ) throws {
        let ring = try TestRing(size: 24, TestRing.settings(seed: 2, geometry: geometry))
        let peerlet = try Peerlet("trace/trace.pasm")
        try ring.deploy(peerlet, at: 0)
        #expect(ring.live.filter { ring.application("trace", at: $0) != nil } == [0])
        var withIntermediate = 0
        var steps: [String: Set<String>] = [:]
        let probes = 100
        for number in 0..<probes {
            let answer = try ring.call("trace", "probe", key: "probe \(number)", at: 0)
            try #require(answer.status == 0)
            let hops = path(answer.payload)
            #expect(hops.first?.node == ring.simulation.hosts[0].handle.id.hexadecimal)
            #expect(hops.last?.node == answer.node)
            #expect(hops.map(\.number) == Array(0..<UInt8(hops.count)))
            #expect(Set(hops.map(\.node)).count == hops.count)
            for (hop, next) in zip(hops, hops.dropFirst()) {
                steps[next.node, default: []].insert(hop.node)
            }
            if hops.count > 2 { withIntermediate += 1 }
        }
        #expect(withIntermediate >= probes / 2)
        try checkLoads(ring, steps)
    }

    @Test func `with a table of all members a probe runs at both its ends`() throws {
        let ring = try TestRing(size: 24, TestRing.settings(seed: 2, geometry: .oneHop))
        ring.simulation.run(for: .seconds(60))
        try ring.deploy(Peerlet("trace/trace.pasm"), at: 0)
        for number in 0..<40 {
            let answer = try ring.call("trace", "probe", key: "probe \(number)", at: 0)
            try #require(answer.status == 0)
            let nodes = path(answer.payload).map(\.node)
            let own = ring.simulation.hosts[0].handle.id.hexadecimal
            #expect(nodes == (answer.node == own ? [own] : [own, answer.node]))
        }
    }

    /// Every node but the first got the code because of a probe, from the hop before it.
    private func checkLoads(_ ring: TestRing, _ steps: [String: Set<String>]) throws {
        var hosting = 0
        for index in ring.live.dropFirst() {
            guard let application = ring.application("trace", at: index) else { continue }
            hosting += 1
            let own = ring.simulation.hosts[index].handle.id.hexadecimal
            let source = application["code_from"]?.text ?? ""
            let before = ring.simulation.hosts.filter {
                steps[own]?.contains($0.handle.id.hexadecimal) == true
            }
            #expect(before.contains { $0.handle.description == source }, "\(index): \(source)")
            #expect(application["code_message"]?.text.isEmpty == false)
            #expect(application["code_loaded_ms"]?.number ?? 0 > 0)
        }
        #expect(hosting >= 12)
        #expect(ring.total("hops", of: "trace") >= 200)
    }

    @Test func `nodes whose owner refuses the peerlet are passed by`() throws {
        let ring = try TestRing(size: 24, TestRing.settings(seed: 2))
        try ring.deploy(Peerlet("trace/trace.pasm"), at: 0)
        let before = try ring.call("trace", "probe", key: "probe 3", at: 0)
        let hops = path(before.payload)
        let root = try #require(hops.last?.node)
        let refusing = ring.live.dropFirst().filter {
            ring.simulation.hosts[$0].handle.id.hexadecimal != root
        }
        for index in refusing { ring.simulation.setPolicy(NodePolicy(), of: index) }
        let after = try ring.call("trace", "probe", key: "probe 3", at: 0)
        #expect(after.status == 0)
        #expect(path(after.payload).map(\.node) == [hops.first?.node, root])
    }
}
