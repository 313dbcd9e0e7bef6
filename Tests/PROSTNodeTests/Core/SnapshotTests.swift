import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import PeerletRuntime
import SansIO
import Testing

@Suite struct SnapshotTests {
    private typealias Command = TallyPeerlet.Command
    private typealias Behaviour = TallyPeerlet.Behaviour

    @Test func `a count in memory survives a crash as of the last checkpoint`() throws {
        let ring = try ProbeRing.tally()
        for _ in 0..<3 { _ = try ring.call(Command.add) }
        try ring.checkpoint()
        #expect(try ring.count(Command.add) == 4)
        try ring.restart()
        #expect(try ring.count(Command.read) == 3)
        #expect(ring.said == ["init fresh", "init restored", "restored from 1", "restored"])
        // And again, from a snapshot that took the place of the first.
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        try ring.restart()
        #expect(try ring.count(Command.read) == 4)
    }

    @Test func `without a checkpoint a crash leaves nothing of the memory`() throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.add)
        ring.run(for: .milliseconds(100))
        try ring.restart()
        #expect(try ring.count(Command.read) == 0)
        #expect(ring.said == ["init fresh", "init restored"])
    }

    @Test(arguments: [1, 2, 3] as [UInt8])
    func `a snapshot that traps, is too big or is declined leaves the former one`(
        behaviour: UInt8
    ) throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        _ = try ring.call(Command.behave, payload: [behaviour])
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        #expect(ring.state(at: 0) == "ready")
        try ring.restart()
        #expect(try ring.count(Command.read) == 1)
    }

    @Test func `a snapshot counts against the application's storage`() throws {
        let small = try ProbeRing.tally(ProbeRing.settings(), TallyPeerlet(storage: 20_000))
        _ = try small.call(Command.add)
        try small.checkpoint()
        let part: UInt64 = 192
        let row: UInt64 = 32 + 8 + 96
        #expect(small.application(at: 0)?["stored_bytes"] == .unsigned(16 + 2 * part + row))
        // 8 parts of 4096 bytes do not fit.
        _ = try small.call(Command.behave, payload: [Behaviour.snapshotIsLarge.rawValue])
        _ = try small.call(Command.add)
        try small.checkpoint()
        #expect(small.happened("snapshot.dropped"))
        try small.restart()
        #expect(try small.count(Command.read) == 1)
        #expect(small.application(at: 0)?["stored_bytes"] == .unsigned(16 + 2 * part + row))

        let large = try ProbeRing.tally(ProbeRing.settings(), TallyPeerlet(storage: 60_000))
        _ = try large.call(Command.behave, payload: [Behaviour.snapshotIsLarge.rawValue])
        for _ in 0..<3 {
            // Each takes the place of the one before, so that none is too much.
            _ = try large.call(Command.add)
            try large.checkpoint()
        }
        try large.restart()
        #expect(try large.count(Command.read) == 3)
    }

    @Test(arguments: [4, 5] as [UInt8])
    func `an instance whose snapshot is not taken begins again without it`(
        behaviour: UInt8
    ) throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.behave, payload: [behaviour])
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        try ring.restart()
        #expect(try ring.count(Command.read) == 0)
        #expect(ring.happened("snapshot.refused"))
        #expect(ring.said == ["init fresh", "init restored", "init restored"])
        #expect(ring.state(at: 0) == "ready")
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        try ring.restart()
        #expect(try ring.count(Command.read) == 1)
    }

    @Test(arguments: 0..<4)
    func `nothing of a damaged snapshot is used`(damage: Int) throws {
        let ring = try ProbeRing.tally()
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        ring.crash(0)
        let store = ring.simulation.hosts[0].store
        let head = Array("snapshot/head/".utf8)
        let part = Array("snapshot/part/".utf8)
        let rows = try store.rows(.node, after: head, descending: false, limit: 8)
        let heads = rows.filter { $0.key.starts(with: head) }
        let parts = rows.filter { $0.key.starts(with: part) }
        try #require(heads.count == 1 && parts.count == 2)
        var row = damage < 2 ? parts[0] : heads[0]
        switch damage {
        case 0: row.value.bytes[0] ^= 1
        case 2: row.value.bytes = [UInt8](repeating: 0xFF, count: 45)
        case 3: row.value.bytes = []
        default: break
        }
        let value = damage == 1 ? nil : row.value
        var batch = StoreBatch()
        batch.writes = [StoreWrite(space: .node, key: row.key, value: value)]
        ring.simulation.overwrite(batch, onDiskOf: 0)
        try ring.restart()
        #expect(ring.happened("snapshot.damaged"))
        #expect(try ring.count(Command.read) == 0)
        _ = try ring.call(Command.add)
        try ring.checkpoint()
        try ring.restart()
        #expect(try ring.count(Command.read) == 1)
    }

    @Test func `a snapshot and its upcall's writes become durable together or not at all`() throws {
        var settings = ProbeRing.settings()
        settings.diskDelay = 7_000_000...7_000_000
        let peerlet = try TallyPeerlet()
        var seen: Set<UInt8?> = []
        for milliseconds in UInt64(0)..<30 {
            let ring = try ProbeRing.tally(settings, peerlet)
            _ = try ring.call(Command.add)
            try ring.checkpoint()
            _ = try ring.call(Command.add)
            _ = ring.start(Command.checkpoint)
            ring.run(for: .milliseconds(milliseconds))
            ring.crash(0)
            let key = Identifier.key(named: "written while a snapshot is made").bytes
            let store = ring.simulation.hosts[0].store
            let written = try store.value(.application(peerlet.application), key)?.bytes.first
            try ring.simulation.start(0)
            try #require(ring.settle())
            ring.run(for: .seconds(1))
            #expect(try ring.count(Command.read) == written)
            seen.insert(written)
        }
        #expect(seen == [1, 2])
    }
}
