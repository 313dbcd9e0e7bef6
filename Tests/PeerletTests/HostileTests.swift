import PROSTNode
import PROSTSimulator
import SansIO
import Testing

@Suite struct HostileTests {
    /// What stops a peerlet: its limit, the figure that was too much, and what was allowed.
    struct Attack: Sendable {
        var name: String
        var limit: Limit
        var used: UInt64
        var maximum: UInt64
        var effect: LimitEffect
    }

    static let attacks = [
        Attack(
            name: "loop",
            limit: .upcallFuel,
            used: 100_001,
            maximum: 100_000,
            effect: .undone
        ),
        Attack(
            name: "hoard",
            limit: .memory,
            used: 33 * 4096,
            maximum: 32 * 4096,
            effect: .hostCallRefused
        ),
        Attack(
            name: "flood",
            limit: .messages,
            used: 51,
            maximum: 50,
            effect: .hostCallRefused
        ),
        // Rows of 32 + 4096 + 96 bytes: fifteen fit.
        Attack(
            name: "fill",
            limit: .storage,
            used: 16 * 4224,
            maximum: 65_536,
            effect: .hostCallRefused
        ),
        Attack(
            name: "recurse",
            limit: .callDepth,
            used: 257,
            maximum: 256,
            effect: .undone
        ),
    ]

    /// The five attack every node at once, and all of them are stopped while the dht answers.
    @Test func `every hostile peerlet is stopped by its limit while the dht answers`() throws {
        let ring = try TestRing(size: 5, TestRing.settings(seed: 4))
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        try #require(ring.replicate("dht"))
        let peerlets = try Self.attacks.map { try Peerlet("hostile/\($0.name).pasm") }
        for index in ring.live {
            for peerlet in peerlets {
                try ring.deploy(peerlet, at: index)
                let started = try ring.call(peerlet.name, "attack", key: "", at: index)
                #expect(started.status == 0, "\(started)")
            }
        }
        for number in 0..<40 {
            let key = "key \(number)"
            let value = DHTModel.value(UInt64(number))
            let put = try ring.call("dht", "put", key: key, payload: value, at: number % 5)
            #expect(put.status == 0)
            let get = try ring.call("dht", "get", key: key, at: (number + 1) % 5)
            #expect(get.payload == value)
            ring.simulation.run(for: .milliseconds(50))
        }
        for index in ring.live {
            let records = try #require(ring.simulation.hosts[index].node?.limitLedger.all)
            for attack in Self.attacks {
                let record = try #require(
                    records.first { $0.name == attack.name && $0.limit == attack.limit },
                    "\(attack.name) on \(index)"
                )
                #expect(record.used == attack.used, "\(attack.name)")
                #expect(record.maximum == attack.maximum, "\(attack.name)")
                #expect(record.effect == attack.effect, "\(attack.name)")
                #expect(record.times > 10, "\(attack.name)")
                let shown = ring.application(attack.name, at: index)?["limits"]?.items ?? []
                #expect(shown.contains { $0.text == record.text })
            }
            #expect(!records.contains { $0.name == "dht" })
        }
    }
}
