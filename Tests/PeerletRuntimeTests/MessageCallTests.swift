import KBR
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing
import Wire

@Suite struct MessageCallTests {
    static let key = Identifier.leading(12345)
    static let other = FullRing(size: 8).nodes[5]

    static let handle = ReplyHandle(
        origin: other.id,
        instanceTag: Octets16(prefixOf: [UInt8](repeating: 4, count: 16)),
        nonce: 77,
        deadline: 1000,
        code: Octets16(prefixOf: [UInt8](repeating: 5, count: 16))
    )

    private static func payload(of report: ExecutionReport) -> OutgoingMessage? {
        if case .send(let message) = report.effects.first { message } else { nil }
    }

    @Test func `route buffers a message to the root of a key`() throws {
        let bench = try Bench.running { script in
            let key = script.bytes(Self.key.bytes)
            let hint = script.bytes(Self.other.wireBytes)
            let data = script.text("hello")
            script.call(.kbrRoute, key, hint, 9, data, 5, 1 | 3 << 32)
            script.call(.kbrRoute, key, 0, 65_535, data, 0, 2)
        }
        let report = bench.run()
        #expect(bench.result(0) == 0)
        #expect(
            report.effects == [
                .send(
                    OutgoingMessage(
                        target: .key(Self.key, hint: Self.other),
                        type: 9,
                        hopMode: .resident,
                        budget: 3 * 1024,
                        payload: Array("hello".utf8)
                    )
                ),
                .send(
                    OutgoingMessage(
                        target: .key(Self.key, hint: nil),
                        type: 65_535,
                        hopMode: .demand,
                        budget: 0,
                        payload: []
                    )
                ),
            ]
        )
    }

    @Test func `a per-hop application has resident messages at least`() throws {
        var script = Script()
        let key = script.bytes(Self.key.bytes)
        script.call(.kbrRoute, key, 0, 0, 0, 0, 0)
        let bench = try Bench(script, type: .perHop)
        #expect(Self.payload(of: bench.run())?.hopMode == .resident)
        let quiet = try Bench(script, type: .endNode)
        #expect(Self.payload(of: quiet.run())?.hopMode == HopMode.none)
    }

    @Test func `send refuses what is not a node, a type or a flag`() throws {
        let bench = try Bench.running { script in
            let node = script.bytes(Self.other.wireBytes)
            let none = script.room(64)
            var padded = Self.other.wireBytes
            padded[63] = 1
            let notCanonical = script.bytes(padded)
            script.call(.kbrSend, node, 1, 0, 0, 0)
            script.call(.kbrSend, none, 1, 0, 0, 0)
            script.call(.kbrSend, notCanonical, 1, 0, 0, 0)
            script.call(.kbrSend, node, -1, 0, 0, 0)
            script.call(.kbrSend, node, 65_536, 0, 0, 0)
            script.call(.kbrSend, node, 1, 0, 65_537, 0)
            script.call(.kbrSend, node, 1, 0, 0, 3)
            script.call(.kbrSend, node, 1, 0, 0, 1 << 8)
            script.call(.kbrSend, node, 1, 0, 0, 1 << 31)
        }
        let report = bench.run()
        #expect(bench.result(0) == 0)
        for slot in [1, 2, 3, 4, 6, 7, 8] { #expect(bench.error(slot) == .argument, "\(slot)") }
        #expect(bench.error(5) == .tooBig)
        #expect(report.effects.count == 1)
    }

    @Test func `a dead node and an unknown way are told at once`() throws {
        let bench = try Bench.running { script in
            let node = script.bytes(Self.other.wireBytes)
            let key = script.bytes(Self.key.bytes)
            script.call(.kbrSend, node, 1, 0, 0, 0)
            script.call(.kbrRoute, key, 0, 1, 0, 0, 0)
            script.call(.kbrRequest, 0, key, 0, 1, 0, 0, 1000, 0)
            script.call(.kbrRequest, 0, 0, node, 1, 0, 0, 1000, 0)
        }
        bench.peers.dead = [Self.other.id]
        bench.ring.knowsNobody = true
        let report = bench.run()
        #expect((0..<4).map { bench.error($0) } == [.dead, .noRoute, .noRoute, .dead])
        #expect(report.effects.isEmpty)
    }

    @Test func `a request hands out tokens and may ask another application`() throws {
        let foreign = ApplicationID(.number(5))
        let bench = try Bench.running { script in
            let app = script.bytes(foreign.identifier.bytes)
            let key = script.bytes(Self.key.bytes)
            let node = script.bytes(Self.other.wireBytes)
            script.call(.kbrRequest, app, key, 0, 1, 0, 0, 1000, 0)
            script.call(.kbrRequest, 0, 0, node, 2, 0, 0, 86_400_000, 0)
            script.call(.kbrRequest, 0, 0, 0, 2, 0, 0, 1000, 0)
            script.call(.kbrRequest, 0, key, 0, 2, 0, 0, 0, 0)
            script.call(.kbrRequest, 0, key, 0, 2, 0, 0, 86_400_001, 0)
            for _ in 0..<3 { script.call(.kbrRequest, 0, key, node, 2, 0, 0, 1, 0) }
        }
        let report = bench.run()
        #expect((0..<8).map { bench.result($0) } == [100, 101, -1, -1, -1, 102, 103, -5])
        let tokens = report.effects.map { effect in
            if case .request(let token, let message, let timeout) = effect {
                "\(token) \(message.application == foreign) \(timeout.milliseconds)"
            } else {
                ""
            }
        }
        #expect(tokens == ["100 true 1000", "101 false 86400000", "102 false 1", "103 false 1"])
        #expect(report.limitsReached == [LimitReached(.requests, used: 5, maximum: 4)])
    }

    @Test func `a reply answers any handle but the empty one`() throws {
        let bench = try Bench.running { script in
            let handle = script.bytes(Self.handle.wireBytes)
            let none = script.room(80)
            let data = script.text("yes")
            script.call(.kbrReply, handle, -3, data, 3, 0)
            script.call(.kbrReply, handle, 5, data, 1, 0x100)
            script.call(.kbrReply, none, 5, data, 1, 0)
            script.call(.kbrReply, handle, 5, data, 1, 1 << 32)
            script.call(.kbrReply, handle, 5, data, 65_537, 0)
        }
        let report = bench.run()
        #expect((0..<5).map { bench.result($0) } == [0, 0, -1, -1, -7])
        #expect(
            report.effects == [
                .reply(Self.handle, status: -3, payload: Array("yes".utf8), isLast: true),
                .reply(Self.handle, status: 5, payload: Array("y".utf8), isLast: false),
            ]
        )
    }

    @Test func `sends and bytes are counted over all kinds of messages`() throws {
        let bench = try Bench.running { script in
            let node = script.bytes(Self.other.wireBytes)
            let handle = script.bytes(Self.handle.wireBytes)
            script.call(.kbrSend, node, 1, 0, 40, 0)
            script.call(.kbrReply, handle, 0, 0, 61, 0)
            script.call(.kbrReply, handle, 0, 0, 60, 0)
            script.call(.kbrSend, node, 1, 0, 1, 0)
            script.call(.clientPush, 1, 1, 0, 0)
            script.call(.lifeSpawn, 0, node, 0, 0, 0)
        }
        bench.limits.sends = 3
        bench.limits.sendBytes = 100
        let report = bench.run()
        #expect((0..<6).map { bench.result($0) } == [0, -6, 0, -6, 0, -6])
        #expect(
            report.limitsReached == [
                LimitReached(.sendBytes, used: 101, maximum: 100),
                LimitReached(.sends, used: 4, maximum: 3),
            ]
        )
        #expect(report.effects.count == 3)
    }

    @Test func `budgets are set aside from the fuel that is left`() throws {
        var script = Script()
        let node = script.bytes(Self.other.wireBytes)
        script.call(.kbrSend, node, 1, 0, 0, 10 << 32)
        script.call(.kbrSend, node, 1, 0, 0, 11 << 32)
        script.call(.kbrSend, node, 1, 0, 0, 9 << 32)
        let price = script.bytecodePrice() + 3 * 1000
        let bench = try Bench(script)
        bench.fuel = price + 20 * 1024 - 1
        let refused = bench.run()
        #expect(refused.outcome == .completed(result: 0))
        #expect((0..<3).map { bench.result($0) } == [0, -21, 0])
        #expect(refused.fuelSpent == price)
        #expect(refused.limitsReached.map(\.limit) == [.budget])
        // With one more send of the same budget there is no fuel for the rest of the code.
        bench.fuel = price + 21 * 1024 - 1
        let exhausted = bench.run()
        #expect(exhausted.outcome == .exhausted)
        #expect(exhausted.effects.isEmpty)
        // What the message has beyond the lease pays for budgets, not for code.
        bench.fuel = price
        bench.spareBudget = 30 * 1024
        #expect(bench.run().outcome == .completed(result: 0))
        #expect((0..<3).map { bench.result($0) } == [0, 0, 0])
        bench.fuel = price - 1
        #expect(bench.run().outcome == .exhausted)
    }

    @Test func `forward may replace every part of a message`() throws {
        let bench = try Bench.running { script in
            let key = script.bytes(Self.key.bytes)
            let node = script.bytes(Self.other.wireBytes)
            let data = script.bytes([1, 2, 3])
            for (what, address, length) in [
                (1, key, 32), (2, node, 64), (3, data, 3), (4, data, 2), (1, key, 31),
                (2, node, 63), (4, data, 1), (0, data, 1), (5, data, 1), (3, data, 65_537),
            ] as [(Int64, Int64, Int64)] {
                script.call(.kbrMessageSet, what, address, length, in: .forward)
            }
            script.call(.kbrMessageSet, 1, key, 32, in: .deliver)
            script.returns(2, from: .forward)
        }
        let report = bench.run(UpcallEvent(.forward))
        #expect((0..<10).map { bench.result($0) } == [0, 0, 0, 0, -1, -1, -1, -1, -1, -7])
        let verdict = try #require(report.verdict)
        #expect(verdict.decision == .proceedSilently)
        #expect(verdict.key == Self.key)
        #expect(verdict.next == Self.other)
        #expect(verdict.payload == [1, 2, 3])
        #expect(verdict.type == 0x0201)
        #expect(bench.run().verdict == nil)
        #expect(bench.error(10) == .permission)
    }

    @Test(arguments: [(0, 0), (1, 1), (2, 2), (3, 0), (-5, 0)] as [(Int64, Int64)])
    func `the result of forward decides`(result: Int64, decision: Int64) throws {
        let bench = try Bench.running { $0.returns(result, from: .forward) }
        let report = bench.run(UpcallEvent(.forward))
        #expect(report.verdict?.decision.rawValue == decision)
    }

    @Test func `a stored value leaves without passing through memory`() throws {
        let value = [UInt8]((0..<200).map { UInt8($0) })
        var script = Script()
        let node = script.bytes(Self.other.wireBytes)
        let handle = script.bytes(Self.handle.wireBytes)
        let header = script.bytes([9, 9])
        let key = script.text("row")
        script.call(.storeSend, node, 4, header, 2, key, 3, 0)
        script.call(.storeSend, handle, -77, header, 1, key, 3, 0x300)
        script.call(.storeSend, node, 4, header, 2, key, 2, 0)
        script.call(.storeSend, node, 4, header, 2, key, 3, 0x100)
        script.call(.storeSend, node, 4, 0, 65_500, key, 3, 0)
        let bench = try Bench(script)
        var batch = StoreBatch()
        batch.writes = [
            StoreWrite(space: bench.space, key: Array("row".utf8), value: StoredValue(bytes: value))
        ]
        bench.store.apply(batch)
        bench.store.sync()
        let report = bench.run()
        #expect((0..<5).map { bench.result($0) } == [0, 0, -3, -1, -7])
        #expect(Self.payload(of: report)?.payload == [9, 9] + value)
        #expect(
            report.effects.last
                == .reply(Self.handle, status: -77, payload: [9] + value, isLast: false)
        )
        let headers = (1001 + 1001 + 1001 + 1001 + 1000 + 65_500 / 4) as UInt64
        #expect(report.fuelSpent == script.bytecodePrice() + headers + 2 * 50)
    }
}
