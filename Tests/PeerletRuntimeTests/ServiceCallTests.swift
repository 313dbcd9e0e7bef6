import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing
import Wire

/// Time, cryptography, clients, environment and lifecycle.
@Suite struct ServiceCallTests {
    @Test func `clocks are those of the upcall's start`() throws {
        let bench = try Bench.running { script in
            for which in [0, 1, 2, -1] as [Int64] { script.call(.timeNow, which) }
        }
        bench.run()
        #expect((0..<4).map { bench.result($0) } == [5000, 1_700_000_000_000, -1, -1])
    }

    @Test func `timers are set, counted and cancelled`() throws {
        let bench = try Bench.running { script in
            script.call(.timeTimer, 0, 0, -7)
            script.call(.timeTimer, 5, 10, 8)
            script.call(.timeTimer, 5, 9, 8)
            script.call(.timeTimer, -1, 0, 8)
            script.call(.timeTimer, 1 << 41, 0, 8)
            script.call(.timeTimer, 5, 0, 8)
            script.call(.timeCancel, 201)
            script.call(.timeCancel, 1)
            script.call(.timeCancel, 202)
            script.call(.timeCancel, 0)
            script.call(.timeCancel, -1)
        }
        bench.limits.timers = 2
        let report = bench.run()
        let expected: [Int64] = [200, 201, -1, -1, -1, -5, 0, 0, -3, -3, -3]
        #expect((0..<11).map { bench.result($0) } == expected)
        #expect(
            report.effects == [
                .setTimer(id: 200, delay: .zero, period: nil, cookie: -7),
                .setTimer(
                    id: 201,
                    delay: .milliseconds(5),
                    period: .milliseconds(10),
                    cookie: 8
                ),
                .cancelTimer(id: 201),
                .cancelTimer(id: 1),
            ]
        )
        #expect(report.limitsReached == [LimitReached(.timers, used: 3, maximum: 2)])
    }

    @Test func `hashes are those of the standards`() throws {
        var script = Script()
        let data = script.text("abc")
        let outs = (0..<4).map { _ in script.room(64) }
        for algorithm in 0..<5 as Range<Int64> {
            script.call(.cryptoHash, algorithm, data, 3, outs[max(0, Int(algorithm) - 1)])
        }
        let bench = try Bench(script)
        bench.run()
        #expect((0..<5).map { bench.result($0) } == [-1, 32, 20, 64, -1])
        let digests = [(outs[0], 32), (outs[1], 20), (outs[2], 8)].map {
            Hexadecimal.text(bench.memory($0.0, $0.1))
        }
        #expect(
            digests == [
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "a9993e364706816aba3e25717850c26c9cd0d89d", "ba80a53f981c4d0d",
            ]
        )
    }

    @Test func `a peerlet's signature is worth something in its domain only`() throws {
        var script = Script()
        let data = script.text("message")
        let signature = script.room(64)
        let key = script.bytes(Bench.nodeKey.publicKey.raw)
        let zero = script.room(32)
        script.call(.cryptoSign, data, 7, signature)
        script.call(.cryptoVerify, 2, key, signature, data, 7)
        script.call(.cryptoVerify, 1, key, signature, data, 7)
        script.call(.cryptoVerify, 2, key, signature, data, 6)
        script.call(.cryptoVerify, 2, zero, signature, data, 7)
        script.call(.cryptoVerify, 3, key, signature, data, 7)
        let plain = try Bench.rootKey.signature(of: Array("message".utf8))
        script.call(
            .cryptoVerify,
            1,
            script.bytes(Bench.rootKey.publicKey.raw),
            script.bytes(plain),
            data,
            7
        )
        let bench = try Bench(script)
        bench.run()
        #expect((0..<7).map { bench.result($0) } == [0, 1, 0, 0, 0, -1, 1])
        let payload = bench.instance.application.identifier.bytes + Array("message".utf8)
        let made = bench.memory(signature, 64)
        #expect(Bench.nodeKey.publicKey.isValid(made, of: payload, for: .peerlet))

        let silent = try Bench(script.image, isSigning: false)
        silent.run()
        #expect(silent.error(0) == .permission)
        #expect(silent.memory(signature, 64) == [UInt8](repeating: 0, count: 64))
    }

    @Test func `a code is an HMAC with the instance's secret`() throws {
        var script = Script()
        let data = script.text("data")
        let out = script.room(32)
        script.call(.cryptoMAC, data, 4, out)
        let bench = try Bench(script)
        bench.run()
        let code = HMACSHA256(key: [1, 2, 3]).code(Array("data".utf8))
        #expect(bench.memory(out, 17) == Array(code.prefix(16)) + [0])
    }

    @Test func `random bytes follow the seed`() throws {
        var script = Script()
        let out = script.room(64)
        script.call(.cryptoRandom, out, 32)
        script.call(.cryptoRandom, out + 32, 32)
        script.call(.cryptoRandom, out, 4097)
        let bench = try Bench(script)
        bench.run()
        #expect((0..<3).map { bench.result($0) } == [0, 0, -7])
        let first = bench.memory(out, 64)
        #expect(first.prefix(32) != first.suffix(32))
        bench.run()
        #expect(bench.memory(out, 64) == first)
        bench.seed += 1
        bench.run()
        #expect(bench.memory(out, 64) != first)
    }

    @Test func `clients that are attached get pushes`() throws {
        var script = Script()
        let data = script.text("news")
        let list = script.room(32)
        script.call(.clientPush, 2, 7, data, 4)
        script.call(.clientPush, 3, 7, data, 4)
        script.call(.clientPush, 2, 65_536, data, 4)
        script.call(.clientPush, 2, 7, data, 65_537)
        script.call(.clientList, list, 1)
        script.call(.clientList, list + 16, 2)
        script.call(.clientList, 0, 0)
        let bench = try Bench(script)
        bench.clients = [2, 1 << 40]
        let report = bench.run()
        #expect((0..<7).map { bench.result($0) } == [0, -13, -1, -7, 2, 2, 2])
        #expect(report.effects == [.clientPush(client: 2, type: 7, payload: Array("news".utf8))])
        #expect((0..<4).map { bench.number(at: list + 8 * $0) } == [2, 0, 2, 1 << 40])
    }

    @Test func `the environment's items`() throws {
        var script = Script()
        let outs = (1...11).map { what in
            let out = script.room(96)
            script.call(.envGet, Int64(what), out, 96)
            return out
        }
        script.call(.envGet, 0, 0, 0)
        script.call(.envGet, 12, 0, 0)
        script.call(.envGet, 1, script.room(8), 8)
        let key = Identifier.number(4)
        let bench = try Bench(script.image, key: key)
        bench.parameters = [5, 6, 7]
        bench.run(UpcallEvent(.deliver))
        let lengths: [Int64] = [32, 32, 8, 3, 96, 96, 8, 32, 8, 32, 32, -1, -1, 32]
        #expect((0..<14).map { bench.result($0) } == lengths)
        #expect(bench.identifier(at: outs[0]) == bench.instance.application.identifier)
        #expect(bench.memory(outs[1], 32) == Bench.rootKey.publicKey.raw)
        #expect(bench.number(at: outs[2]) == 3)
        #expect(bench.memory(outs[3], 3) == [5, 6, 7])
        let limits = (0..<12).map { bench.number(at: outs[4] + 8 * $0) }
        #expect(
            limits == [
                10_000_000, 64, 64, 262_144, 1 << 20, 256, 4, 4, 64, 4096, 65_536, 65_536,
            ]
        )
        #expect(bench.number(at: outs[5] + 8) == 64)
        #expect(bench.number(at: outs[6]) == 256)
        #expect(bench.identifier(at: outs[7]) == key)
        #expect(bench.number(at: outs[8]) == 17)
        #expect(bench.memory(outs[9], 32) == Bench.nodeKey.publicKey.raw)
        #expect(bench.memory(outs[10], 32) == bench.peerlet.digest)

        let plain = try Bench(script.image, isSigning: false)
        plain.run()
        #expect([plain.error(7), plain.error(9)] == [.notFound, .notFound])
    }

    @Test func `a log line cannot command a terminal`() throws {
        let bench = try Bench.running { script in
            let text = script.bytes(
                Array("a\u{1B}[31m\nb\tc\r\u{202E}\u{9B}é".utf8) + [0xFF, 0x07]
            )
            script.call(.envLog, 2, text, 23)
            script.call(.envLog, 4, text, 1)
            script.call(.envLog, -1, text, 1)
            script.call(.envLog, 0, text, 1)
            script.call(.envLog, 0, text, 7)
        }
        bench.limits.logBytes = 24
        let report = bench.run()
        #expect((0..<5).map { bench.result($0) } == [0, -1, -1, 0, -6])
        #expect(
            report.effects == [
                .log(level: 2, text: Array("a[31m b cé\u{FFFD}".utf8)),
                .log(level: 0, text: Array("a".utf8)),
            ]
        )
        #expect(report.limitsReached == [LimitReached(.logBytes, used: 31, maximum: 24)])
    }

    @Test func `counters have plain names and are limited`() throws {
        let bench = try Bench.running { script in
            let name = script.text("puts.ok_1X" + String(repeating: "a", count: 40))
            script.call(.envStat, name, 9, -5)
            script.call(.envStat, name, 10, 1)
            script.call(.envStat, name, 0, 1)
            script.call(.envStat, name + 10, 33, 1)
            for _ in 0..<64 { script.call(.envStat, name + 10, 32, 1) }
        }
        let report = bench.run()
        #expect((0..<4).map { bench.result($0) } == [0, -1, -1, -1])
        #expect([bench.result(66), bench.result(67)] == [0, -6])
        #expect(report.effects.first == .count(name: Array("puts.ok_1".utf8), delta: -5))
        #expect(report.effects.count == 64)
    }

    @Test func `lifecycle calls are buffered`() throws {
        let foreign = ApplicationID(.number(77))
        let bench = try Bench.running { script in
            let app = script.bytes(foreign.identifier.bytes)
            let key = script.bytes(Identifier.number(3).bytes)
            script.call(.lifeSpawn, app, key, key, 2, 0)
            script.call(.lifeSpawn, 0, key, key, 2, 1)
            script.call(.lifeSpawn, 0, key, key, 65_537, 0)
            script.call(.lifeCheckpoint, 0)
            script.call(.lifeCheckpoint, 0)
            script.call(.lifeCheckpoint, 1)
            script.call(.lifeSnap, key, 2)
            script.call(.lifeExit, -9)
        }
        let report = bench.run()
        #expect((0..<8).map { bench.result($0) } == [0, -1, -7, 0, -6, -1, -12, 0])
        #expect(
            report.effects == [
                .spawn(foreign, key: .number(3), argument: [0, 0]), .checkpoint, .exit(code: -9),
            ]
        )
    }

    @Test func `a snapshot is written in its upcall only`() throws {
        var script = Script()
        let data = script.bytes([1, 2, 3, 4])
        script.call(.lifeSnap, data, 3, in: .snapshot)
        script.call(.lifeSnap, data, 2, in: .snapshot)
        script.call(.lifeSnap, data, 1, in: .snapshot)
        let bench = try Bench(script)
        bench.limits.sendBytes = 4
        let report = bench.run(UpcallEvent(.snapshot))
        #expect((0..<3).map { bench.result($0) } == [0, -5, -5])
        // A part that was refused makes the rest worthless.
        #expect(report.snapshot == nil)
        bench.limits.sendBytes = 6
        #expect(bench.run(UpcallEvent(.snapshot)).snapshot == [[1, 2, 3], [1, 2], [1]])
        bench.limits.storeBytes = 3 * 192 + 5
        #expect(bench.run(UpcallEvent(.snapshot)).snapshot == nil)
        bench.limits.storeBytes += 1
        #expect(bench.run(UpcallEvent(.snapshot)).snapshot?.count == 3)
    }

    @Test func `a snapshot has at most sixty-four parts, each of which fits the inbox`() throws {
        var script = Script()
        let data = script.bytes([1, 2, 3, 4])
        for _ in 0..<64 { script.call(.lifeSnap, data, 0, in: .snapshot) }
        #expect(try Bench(script).run(UpcallEvent(.snapshot)).snapshot?.count == 64)
        script.call(.lifeSnap, data, 0, in: .snapshot)
        let bench = try Bench(script)
        #expect(bench.run(UpcallEvent(.snapshot)).snapshot == nil)
        #expect(bench.error(64) == .quota)
        var large = Script()
        large.call(.lifeSnap, data, 65_536, in: .snapshot)
        let other = try Bench(large)
        #expect(other.run(UpcallEvent(.snapshot)).snapshot == nil)
        #expect(other.error(0) == .tooBig)
    }
}
