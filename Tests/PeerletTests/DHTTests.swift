import Chord
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

@Suite struct DHTTests {
    private func ring(_ size: Int, _ settings: SimulationSettings) throws -> TestRing {
        let ring = try TestRing(size: size, settings)
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        try #require(ring.replicate("dht"), "the ring does not become fully replicated")
        return ring
    }

    @Test(arguments: [1, 2, 3, 5, 24])
    func `every node puts, overwrites, gets and removes keys of all others`(size: Int) throws {
        try exercise(size, .chord)
    }

    @Test(arguments: [Geometry.oneHop, .successors])
    func `a dht serves in every geometry`(geometry: Geometry) throws {
        try exercise(16, geometry)
    }

    private func exercise(_ size: Int, _ geometry: Geometry) throws {
        let ring = try ring(size, TestRing.settings(geometry: geometry))
        for index in 0..<12 {
            let key = "key \(index)"
            let writer = index % size
            let reader = (index * 7 + 3) % size
            let missing = try ring.call("dht", "get", key: key, at: reader)
            #expect(missing.status == -3)
            let first = try ring.call("dht", "put", key: key, payload: [1], at: writer)
            #expect(first.status == 0)
            #expect(first.payload == DHTModel.value(1))
            let value = [UInt8](repeating: UInt8(index), count: index * 100)
            let second = try ring.call("dht", "put", key: key, payload: value, at: reader)
            #expect(second.payload == DHTModel.value(2))
            let read = try ring.call("dht", "get", key: key, at: reader)
            #expect(read.status == 0)
            #expect(read.payload == value)
            let removed = try ring.call("dht", "remove", key: key, at: writer)
            #expect(removed.status == 0)
            #expect(try ring.call("dht", "get", key: key, at: reader).status == -3)
            #expect(try ring.call("dht", "remove", key: key, at: reader).status == -3)
            let again = try ring.call("dht", "put", key: key, payload: [9], at: reader)
            #expect(again.payload == DHTModel.value(4))
        }
        // A majority has answered for the last write; the third copy may be on its way.
        ring.simulation.run(for: .seconds(1))
        #expect(ring.total("root.writes", of: "dht") == 48)
        #expect(ring.total("root.repeats", of: "dht") == 0)
        let copies = min(size, 3) - 1
        #expect(ring.total("member.stores", of: "dht") == Int64(48 * copies))
    }

    @Test func `an answer tells its root and the hops of the request`() throws {
        let ring = try ring(24, TestRing.settings())
        for index in 0..<8 {
            let key = "key \(index)"
            let put = try ring.call("dht", "put", key: key, payload: [1], at: index)
            #expect(put.node == ring.root(of: key))
            for reader in ring.live {
                let get = try ring.call("dht", "get", key: key, at: reader)
                #expect(get.node == put.node)
                let isRoot = ring.simulation.hosts[reader].handle.id.hexadecimal == put.node
                #expect(isRoot ? get.hops == 0 : (1...6).contains(get.hops))
            }
        }
    }

    @Test func `readers of one key at once store nothing`() throws {
        let ring = try ring(5, TestRing.settings())
        #expect(try ring.call("dht", "put", key: "k", payload: [1], at: 0).status == 0)
        ring.simulation.run(for: .seconds(1))
        let before = ring.total("member.stores", of: "dht")
        // No lease is asked for yet: the first ones have their root confirmed.
        let calls = (0..<15).map { ring.start("dht", "get", key: "k", at: $0 % 5) }
        for call in calls { #expect(ring.answer(to: call)?.payload == [1]) }
        ring.simulation.run(for: .seconds(1))
        #expect(ring.total("member.stores", of: "dht") == before)
    }

    @Test func `a value of 60 KiB goes through, a larger one is refused`() throws {
        let ring = try ring(5, TestRing.settings())
        let value = (0..<60 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for index in 0..<5 {
            let key = "large \(index)"
            let put = try ring.call("dht", "put", key: key, payload: value, at: index)
            #expect(put.status == 0)
            let get = try ring.call("dht", "get", key: key, at: (index + 2) % 5)
            #expect(get.payload == value)
        }
        let tooLarge = try ring.call("dht", "put", key: "x", payload: value + [0], at: 0)
        #expect(tooLarge.status == -7)
        #expect(try ring.call("dht", "get", key: "x", at: 0).status == -3)
    }

    @Test func `a call that brings too little fuel is told so, and hurts nobody`() throws {
        let ring = try ring(5, TestRing.settings())
        for index in 0..<40 {
            let call = ring.start("dht", "put", key: "k\(index)", payload: [1], at: 1, fuel: 3000)
            let answer = ring.answer(to: call)
            #expect(answer?.status != 0)
        }
        let put = try ring.call("dht", "put", key: "k", payload: [1], at: 1)
        #expect(put.status == 0)
    }

    @Test func `repeats and lost connections apply each request once`() throws {
        var settings = try TestRing.settings(seed: 5)
        settings.duplicatesPer1024 = 512
        settings.resetsPer1024 = 8
        let ring = try ring(5, settings)
        var attempts = 0
        for number in 1...40 {
            let key = "once \(number % 4)"
            while true {
                attempts += 1
                let answer = try ring.call(
                    "dht",
                    "put",
                    key: key,
                    payload: DHTModel.value(UInt64(number)),
                    at: number % 5
                )
                if answer.status == 0 { break }
                try #require(attempts < 200)
            }
        }
        let writes = ring.total("root.writes", of: "dht")
        #expect(writes >= 40)
        #expect(writes <= Int64(attempts))
        var duplicates: Int64 = 0
        for index in ring.live {
            duplicates += ring.status(at: index)?["messages"]?["duplicates"]?.number ?? 0
        }
        #expect(duplicates > 40)
    }
}
