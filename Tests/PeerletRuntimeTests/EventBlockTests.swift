import KBR
import PeerletBytecode
import PeerletRuntime
import Testing
import Wire

@Suite struct EventBlockTests {
    private static let nodes = FullRing(size: 8).nodes

    private static func event(_ upcall: Upcall) -> UpcallEvent {
        var event = UpcallEvent(upcall)
        event.flags = [.request, .root, .resent]
        event.token = 0x0102_0304_0506_0708
        event.type = 0xABCD
        event.hops = 7
        event.key = .leading(3)
        event.origin = nodes[1]
        event.previous = nodes[2]
        event.next = nodes[4]
        event.sourceApplication = ApplicationID(.number(6))
        event.principal = .number(8)
        event.messageID = [1, 2, 3]
        event.replyHandle = MessageCallTests.handle
        event.client = 99
        event.status = -10
        event.timer = 55
        event.payload = Array("payload".utf8)
        return event
    }

    @Test func `every field stands at its offset`() throws {
        let bench = try Bench.running { $0.returns(0, from: .deliver) }
        let event = Self.event(.deliver)
        bench.run(event)
        func at(_ offset: Int64, _ count: Int) -> [UInt8] {
            bench.memory(Script.inbox + offset, count)
        }
        #expect(at(0, 4) == [2, 0, 0, 0])
        #expect(at(4, 4) == [0b1010, 0b10, 0, 0])
        #expect(at(8, 8) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(at(16, 8) == [0xCD, 0xAB, 7, 0, 7, 0, 0, 0])
        #expect(bench.number(at: Script.inbox + 24) == 1_700_000_000_000)
        #expect(at(32, 32) == event.key.bytes)
        #expect(bench.handles(at: Script.inbox + 64, 2) == [Self.nodes[1], Self.nodes[2]])
        #expect(bench.handles(at: Script.inbox + 192, 1) == [Self.nodes[4]])
        #expect(at(256, 32) == Identifier.number(6).bytes)
        #expect(at(288, 32) == Identifier.number(8).bytes)
        #expect(at(320, 80) == MessageCallTests.handle.wireBytes)
        #expect(bench.number(at: Script.inbox + 400) == 99)
        #expect(bench.number(at: Script.inbox + 408) == -10)
        #expect(at(416, 16) == [1, 2, 3] + [UInt8](repeating: 0, count: 13))
        #expect(bench.number(at: Script.inbox + 432) == 55)
        #expect(bench.number(at: Script.inbox + 440) == 17)
        #expect(at(448, 8) == Array("payload".utf8) + [0])
    }

    @Test(arguments: Upcall.allCases)
    func `an upcall has as many parameters as it names`(_ upcall: Upcall) {
        #expect(upcall.parameterCount == upcall.parameters.count)
    }

    @Test func `arcs take the place of the hops`() throws {
        let bench = try Bench.running { $0.returns(0, from: .update) }
        var event = UpcallEvent(.update)
        event.status = UpdateKind.range.rawValue
        event.oldRange = RingInterval(after: .number(1), through: .number(2))
        event.newRange = RingInterval(after: .number(3), through: .number(3))
        bench.run(event)
        #expect(bench.memory(Script.inbox + 4, 4) == [0, 0, 3, 0])
        let numbers = (0..<4).map { bench.identifier(at: Script.inbox + 128 + 32 * $0) }
        #expect(numbers == [.number(1), .number(2), .number(3), .number(3)])
        event.oldRange = nil
        event.newRange = nil
        bench.run(event)
        #expect(bench.memory(Script.inbox + 4, 4) == [0, 0, 0, 0])
        #expect(bench.memory(Script.inbox + 128, 128) == [UInt8](repeating: 0, count: 128))
    }

    @Test func `upcalls get the parameters of the table`() throws {
        var script = Script()
        let kept = script.room(12 * 24)
        for upcall in Upcall.allCases {
            for index in upcall.parameters.indices {
                let address = kept + Int64(upcall.rawValue) * 24 + 8 * Int64(index)
                script.keep(parameter: UInt32(index), at: address, in: upcall)
            }
            script.returns(Int64(upcall.rawValue) + 1, from: upcall)
        }
        let bench = try Bench(script)
        for upcall in Upcall.allCases {
            var event = Self.event(upcall)
            event.newRange = RingInterval(after: .number(3), through: .number(4))
            let report = bench.run(event)
            #expect(report.outcome == .completed(result: Int64(upcall.rawValue) + 1))
            #expect(report.upcall == upcall.rawValue)
            let expected: [Int64] =
                switch upcall {
                case .initialize, .stop: [-10]
                case .timer: [-10, 55]
                case .clientGone: [99]
                case .snapshot: [Script.inbox + 192, Script.inbox + 224, -10]
                default: [Script.inbox]
                }
            let got = expected.indices.map {
                bench.number(at: kept + Int64(upcall.rawValue) * 24 + 8 * Int64($0))
            }
            #expect(got == expected, "\(upcall)")
        }
    }

    @Test func `a client's method has an export of its own`() throws {
        var script = Script()
        script.returns(1, from: .client)
        script.returns(2, from: .clientGone)
        script.returns(3, from: .deliver)
        var image = script.image
        let target = try #require(image.exports.first { $0.name == "deliver" })
        image.exports.append(ProgramImage.Export(name: "client_put", function: target.function))
        image.exports.sort { $0.name < $1.name }
        let bench = try Bench(image)
        let results = ["put", "get", "gone", nil].map { method in
            var event = UpcallEvent(.client)
            event.method = method
            return bench.run(event).outcome
        }
        #expect(results == [3, 1, 1, 1].map { .completed(result: $0) })
    }

    @Test func `an event larger than the inbox never starts`() throws {
        var script = Script()
        script.inboxCapacity = 455
        script.call(.envStat, 0, 0, 0)
        let image = script.image
        let bench = try Bench(image)
        var event = Self.event(.deliver)
        #expect(bench.run(event).outcome == .completed(result: 0))
        #expect(EventBlock.fits(.deliver, payload: 7, in: image.memory))
        event.payload.append(0)
        #expect(!EventBlock.fits(.deliver, payload: 8, in: image.memory))
        #expect(EventBlock.fits(.timer, payload: 8, in: image.memory))
        let report = bench.run(event)
        #expect(report.outcome == .failed("the event has 456 bytes, the inbox 455"))
        #expect(report.fuelSpent == 0)
        event.payload = []
        #expect(bench.run(event).outcome == .completed(result: 0))
    }

    @Test(arguments: [(Upcall.reply, -7), (.undeliverable, -10)] as [(Upcall, Int64)])
    func `what comes back and does not fit comes without payload`(
        upcall: Upcall,
        status: Int64
    ) throws {
        var script = Script()
        script.inboxCapacity = 454
        script.returns(0, from: upcall)
        let bench = try Bench(script)
        #expect(bench.run(Self.event(upcall)).outcome == .completed(result: 0))
        #expect(bench.number(at: Script.inbox + 408) == status)
        #expect(bench.memory(Script.inbox + 20, 4) == [0, 0, 0, 0])
    }

    @Test func `an upcall that is not exported costs nothing`() throws {
        let bench = try Bench.running { $0.returns(0, from: .deliver) }
        let report = bench.run(UpcallEvent(.initialize))
        #expect(report.outcome == .notExported)
        #expect(report.fuelSpent == 0)
        #expect(bench.machines.contains(bench.instance))
        #expect(bench.run().outcome == .completed(result: 0))
    }
}
