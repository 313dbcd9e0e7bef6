import KBR
import PeerletBytecode
import PeerletRuntime
import Testing
import Wire

@Suite struct OverlayCallTests {
    static let nodes = FullRing(size: 8).nodes
    /// This node, in every bench.
    static let local = nodes[3]

    private static func arc(_ low: Int, _ high: Int) -> RingInterval {
        RingInterval(after: nodes[low].id, through: nodes[high].id)
    }

    @Test func `queries answer from the ring's view`() throws {
        var script = Script()
        let key = script.bytes(Self.nodes[5].id.bytes)
        let out = script.room(64 * 8)
        let own = script.room(64)
        script.call(.kbrSelf, own)
        script.call(.kbrReplicaSet, key, 3, out)
        let bench = try Bench(script)
        bench.run()
        #expect(bench.handles(at: own, 1) == [Self.local])
        #expect(bench.result(1) == 3)
        #expect(bench.handles(at: out, 3) == Array(Self.nodes[5...7]))

        let lookup = try Bench.running { script in
            let key = script.bytes(Self.nodes[5].id.bytes)
            script.call(.kbrLocalLookup, key, 4, 0, script.room(256))
            script.call(.kbrLocalLookup, key, 4, 1, script.room(256))
            script.call(.kbrNeighborSet, 64, script.room(64 * 64))
            script.call(.kbrLocalLookup, key, 4, 2, 0)
            for count in [0, 65, -1] as [Int64] {
                script.call(.kbrLocalLookup, key, count, 0, 0)
                script.call(.kbrReplicaSet, key, count, 0)
            }
            script.call(.kbrNeighborSet, 0, 0)
        }
        let report = lookup.run()
        // The size -1 is unsigned for the price: no fuel can pay it.
        #expect(report.outcome == .exhausted)
    }

    @Test func `counts out of range are refused`() throws {
        let bench = try Bench.running { script in
            let key = script.bytes(Self.nodes[5].id.bytes)
            script.call(.kbrLocalLookup, key, 4, 0, script.room(256))
            script.call(.kbrLocalLookup, key, 4, 1, script.room(256))
            script.call(.kbrNeighborSet, 64, script.room(64 * 64))
            for count in [0, 65] as [Int64] {
                script.call(.kbrLocalLookup, key, count, 0, 0)
                script.call(.kbrReplicaSet, key, count, 0)
                script.call(.kbrNeighborSet, count, 0)
            }
            script.call(.kbrLocalLookup, key, 4, 2, 0)
        }
        bench.run()
        #expect((0..<10).map { bench.result($0) } == [4, 2, 7, -1, -1, -1, -1, -1, -1, -1])
    }

    @Test func `range tells the arc of a rank`() throws {
        var script = Script()
        let node = script.bytes(Self.nodes[6].wireBytes)
        let inside = script.bytes(Self.nodes[6].id.bytes)
        let outs = (0..<3).map { _ in (script.room(32), script.room(32)) }
        script.call(.kbrRange, 0, 0, 0, 0, outs[0].0, outs[0].1)
        script.call(.kbrRange, node, 2, 1, inside, outs[1].0, outs[1].1)
        script.call(.kbrRange, node, 1, 0, 0, outs[2].0, outs[2].1)
        script.call(.kbrRange, 0, 0, 0, inside, outs[2].0, outs[2].1)
        script.call(.kbrRange, 0, 64, 0, 0, outs[2].0, outs[2].1)
        script.call(.kbrRange, 0, -1, 0, 0, outs[2].0, outs[2].1)
        script.call(.kbrRange, 0, 0, 2, 0, outs[2].0, outs[2].1)
        let bench = try Bench(script)
        bench.run()
        #expect((0..<7).map { bench.result($0) } == [0, 0, 0, -3, -1, -1, -1])
        let arcs = outs.map {
            RingInterval(after: bench.identifier(at: $0.0), through: bench.identifier(at: $0.1))
        }
        #expect(arcs == [Self.arc(2, 3), Self.arc(3, 6), Self.arc(4, 5)])
    }

    @Test func `an uncertain ring answers unsure`() throws {
        let bench = try Bench.running { script in
            let key = script.bytes(Self.local.id.bytes)
            let out = script.room(64)
            script.call(.kbrIsRoot, key)
            script.call(.kbrReplicaSet, key, 1, out)
            script.call(.kbrRange, 0, 0, 0, 0, out, out)
        }
        bench.run()
        #expect((0..<3).map { bench.result($0) } == [1, 1, 0])
        bench.ring.isUnsure = true
        bench.run()
        #expect((0..<3).map { bench.error($0) } == [.unsure, .unsure, .unsure])
    }

    /// Key, its configuration's first member and whether it serves, and the answer to `is_root`.
    @Test(
        arguments: [
            (3, 3, true, 1), (3, 3, false, -11), (3, 4, true, 0), (3, nil, true, -11),
            (5, nil, true, 0), (5, 3, true, 1),
        ] as [(Int, Int?, Bool, Int64)]
    )
    func `a consistent store has the roots of its configurations`(
        key: Int,
        first: Int?,
        isServing: Bool,
        answer: Int64
    ) throws {
        let bench = try Bench.running { script in
            script.call(.kbrIsRoot, script.bytes(Self.nodes[key].id.bytes))
        }
        bench.configured =
            first.map { first in
                [
                    ConfiguredRange(
                        arc: Self.arc(key - 1, key),
                        epoch: 1,
                        members: [Self.nodes[first], Self.nodes[first + 1]],
                        isServing: isServing
                    )
                ]
            } ?? []
        bench.run()
        #expect(bench.result(0) == answer)
    }

    @Test func `a consistent store has the replicas and ranges of its configurations`() throws {
        var script = Script()
        let key = script.bytes(Self.nodes[2].id.bytes)
        let elsewhere = script.bytes(Self.nodes[7].id.bytes)
        let out = script.room(64 * 5)
        let (low, high) = (script.room(32), script.room(32))
        script.call(.kbrReplicaSet, key, 5, out)
        script.call(.kbrReplicaSet, elsewhere, 5, out + 192)
        script.call(.kbrRange, 0, 1, 0, key, low, high)
        script.call(.kbrRange, 0, 1, 0, elsewhere, low, high)
        script.call(.kbrRange, 0, 0, 0, 0, low, high)
        let bench = try Bench(script)
        bench.configured = [
            ConfiguredRange(
                arc: Self.arc(1, 2),
                epoch: 1,
                members: Array(Self.nodes[2...4]),
                isServing: true
            ),
            ConfiguredRange(
                arc: Self.arc(2, 3),
                epoch: 1,
                members: Array(Self.nodes[3...5]),
                isServing: false
            ),
        ]
        bench.run()
        #expect((0..<5).map { bench.result($0) } == [3, -11, 0, -3, -11])
        #expect(bench.handles(at: out, 3) == Array(Self.nodes[2...4]))
        #expect(bench.identifier(at: low) == Self.nodes[1].id)
        #expect(bench.identifier(at: high) == Self.nodes[2].id)
        bench.configured?[1].isServing = true
        bench.run()
        #expect(bench.result(4) == 0)
        #expect(bench.identifier(at: high) == Self.nodes[3].id)
    }

    @Test func `observations of other nodes`() throws {
        let bench = try Bench.running { script in
            for index in [3, 0, 1, 2, 4] {
                let node = script.bytes(Self.nodes[index].wireBytes)
                script.call(.kbrProximity, node)
                script.call(.kbrAlive, node)
            }
            script.call(.kbrAlive, script.room(64))
        }
        bench.peers.roundTripMicroseconds = [Self.nodes[0].id: 1500, Self.nodes[1].id: 7]
        bench.peers.suspected = [Self.nodes[1].id]
        bench.peers.dead = [Self.nodes[2].id]
        bench.run()
        #expect((0..<11).map { bench.result($0) } == [0, 2, 1500, 2, 7, 1, -3, 0, -3, -3, -1])
    }

    @Test func `watches are counted`() throws {
        let bench = try Bench.running { script in
            let node = script.bytes(Self.nodes[6].wireBytes)
            script.call(.kbrWatch, node, 1)
            script.call(.kbrWatch, node, 2)
            script.call(.kbrWatch, node, 0)
            script.call(.kbrWatch, node, 1)
        }
        bench.limits.watches = 2
        let report = bench.run()
        #expect((0..<4).map { bench.result($0) } == [0, -1, 0, -5])
        let node = Self.nodes[6]
        #expect(report.effects == [.watch(node, isOn: true), .watch(node, isOn: false)])
        #expect(report.limitsReached == [LimitReached(.watches, used: 3, maximum: 2)])
    }
}
