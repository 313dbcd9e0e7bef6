import Chord
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

@Suite struct DHTFailureTests {
    private func ring(
        _ size: Int,
        seed: UInt64,
        _ geometry: Geometry = .chord
    ) throws -> TestRing {
        let settings = try TestRing.settings(seed: seed, geometry: geometry)
        let ring = try TestRing(size: size, settings)
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        try #require(ring.replicate("dht"), "the ring does not become fully replicated")
        return ring
    }

    private func write(
        _ model: inout DHTModel,
        keys: Int,
        to ring: TestRing,
        _ random: inout DeterministicRandom
    ) throws {
        for index in 0..<keys {
            let key = "key \(index)"
            let value = model.next(key)
            let node = ring.live[Int(random.below(UInt64(ring.live.count)))]
            model.wrote(key, value, try ring.certainCall("put", key: key, payload: value, at: node))
        }
    }

    @Test func `keys are handed over to nodes that join`() throws {
        let ring = try ring(2, seed: 3)
        var random = DeterministicRandom(seed: 3)
        var model = DHTModel()
        try write(&model, keys: 20, to: ring, &random)
        for _ in 0..<4 {
            let index = ring.simulation.addHost()
            try ring.simulation.start(index, joining: [0])
            // Not waiting: the ring serves while it grows.
            ring.simulation.run(for: .seconds(2))
            if ring.application("dht", at: index) != nil {
                try write(&model, keys: 20, to: ring, &random)
            }
            try #require(ring.replicate("dht"))
            try ring.check(model, &random)
        }
    }

    @Test(arguments: [false, true])
    func `a node that falls is replaced and comes back`(isWiped: Bool) throws {
        try replaceNodes(ring(5, seed: isWiped ? 7 : 8), isWiped: isWiped)
    }

    @Test(arguments: [Geometry.oneHop, .successors])
    func `a node that falls is replaced in every geometry`(geometry: Geometry) throws {
        try replaceNodes(ring(8, seed: 10, geometry), isWiped: false)
    }

    private func replaceNodes(_ ring: TestRing, isWiped: Bool) throws {
        var random = DeterministicRandom(seed: 9)
        var model = DHTModel()
        try write(&model, keys: 20, to: ring, &random)
        for round in 0..<3 {
            let victim = ring.live[Int(random.below(UInt64(ring.live.count)))]
            ring.simulation.crash(victim, wipingDisk: isWiped)
            try write(&model, keys: 20, to: ring, &random)
            try #require(ring.replicate("dht", within: .seconds(30)), "round \(round)")
            try ring.check(model, &random)
            // A node without its disk has no key any more, so it is another one.
            let next = isWiped ? ring.simulation.addHost() : victim
            let contact = try #require(ring.live.first)
            try ring.simulation.start(next, joining: [contact])
            try #require(ring.replicate("dht", within: .seconds(30)), "round \(round)")
            try ring.check(model, &random)
        }
    }

    /// Clients on all nodes overwrite keys; a replica of a key in flight falls in the middle.
    @Test(arguments: [11, 12, 13])
    func `no acknowledged write is lost when a replica falls under load`(seed: UInt64) throws {
        let ring = try ring(5, seed: seed)
        var random = DeterministicRandom(seed: seed)
        var model = DHTModel()
        try write(&model, keys: 10, to: ring, &random)
        for round in 0..<3 {
            var calls: [(key: String, value: [UInt8], number: UInt64)] = []
            for index in 0..<10 {
                let key = "key \(index)"
                let value = model.next(key)
                let node = ring.live[index % ring.live.count]
                let number = ring.start("dht", "put", key: key, payload: value, at: node)
                calls.append((key, value, number))
            }
            ring.simulation.run(for: .milliseconds(1 + random.below(8)))
            let victim = ring.live[Int(random.below(UInt64(ring.live.count)))]
            ring.simulation.crash(victim)
            ring.simulation.run(for: .seconds(14))
            for call in calls {
                model.wrote(call.key, call.value, ring.answer(to: call.number, within: .zero))
            }
            try ring.check(model, &random)
            let contact = try #require(ring.live.first)
            try ring.simulation.start(victim, joining: [contact])
            try #require(ring.replicate("dht", within: .seconds(30)), "round \(round)")
            try ring.check(model, &random)
        }
        let acknowledged = model.entries.values.reduce(0) { $0 + $1.acknowledged }
        #expect(acknowledged >= 20)
    }
}
