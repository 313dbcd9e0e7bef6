import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

/// Owners that stop hosting the dht, and begin again (`Spec/consistency.md` §5.8).
@Suite struct DHTRefusalTests {
    private func ring(_ size: Int, seed: UInt64 = 1) throws -> TestRing {
        let ring = try TestRing(size: size, TestRing.settings(seed: seed))
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        try #require(ring.replicate("dht"), "the ring does not become fully replicated")
        return ring
    }

    private func clockwise(_ ring: TestRing, from key: String) -> [Int] {
        let start = Identifier.key(named: key)
        return ring.live.sorted {
            (ring.simulation.hosts[$0].handle.id &- start)
                < (ring.simulation.hosts[$1].handle.id &- start)
        }
    }

    private func check(_ ring: TestRing, _ keys: [String], version: UInt8, from reader: Int) throws
    {
        for key in keys {
            let got = try ring.call("dht", "get", key: key, at: reader)
            #expect(got.status == 0, "\(key)")
            #expect(got.payload == [version], "\(key)")
        }
    }

    private func write(_ ring: TestRing, _ keys: [String], version: UInt8, at writer: Int) throws {
        for key in keys {
            let put = try ring.call("dht", "put", key: key, payload: [version], at: writer)
            #expect(put.status == 0, "\(key)")
        }
    }

    @Test(arguments: [(8, UInt64(1)), (8, 2), (5, 3), (3, 4)])
    func `the next node that hosts takes over what refusing ones held, and gives it back`(
        size: Int,
        seed: UInt64
    ) throws {
        let ring = try ring(size, seed: seed)
        let keys = (0..<24).map { "key \($0)" }
        let order = clockwise(ring, from: keys[0])
        let client = try #require(order.last)
        try write(ring, keys, version: 1, at: client)
        let hosts = ring.simulation.settings.policy

        ring.simulation.setPolicy(NodePolicy(), of: order[0])
        #expect(ring.application("dht", at: order[0]) == nil)
        try check(ring, keys, version: 1, from: client)
        try write(ring, keys, version: 2, at: client)
        if size > 3 {
            // A second one; in a replica set of three the third acts for both.
            ring.simulation.run(for: .seconds(5))
            ring.simulation.setPolicy(NodePolicy(), of: order[1])
            try check(ring, keys, version: 2, from: client)
            try write(ring, keys, version: 3, at: client)
            ring.simulation.setPolicy(hosts, of: order[1])
        } else {
            try write(ring, keys, version: 3, at: client)
        }
        ring.simulation.setPolicy(hosts, of: order[0])
        try check(ring, keys, version: 3, from: client)
        try #require(ring.replicate("dht"), "the ring does not become fully replicated again")
        try check(ring, keys, version: 3, from: client)
        #expect(
            try ring.call("dht", "get", key: keys[0], at: client).node == ring.root(of: keys[0])
        )
    }

    @Test func `a member that stops hosting is replaced before the next one may be lost`() throws {
        let ring = try ring(8, seed: 6)
        let key = "precious"
        let order = clockwise(ring, from: key)
        let client = try #require(order.last)
        try write(ring, [key], version: 1, at: client)
        ring.simulation.setPolicy(NodePolicy(), of: order[1])
        ring.simulation.run(for: .seconds(5))
        ring.simulation.crash(order[0], wipingDisk: true)
        ring.simulation.run(for: .seconds(15))
        ring.simulation.crash(order[2], wipingDisk: true)
        try #require(ring.settle(within: .seconds(60)))
        try check(ring, [key], version: 1, from: client)
    }
}
