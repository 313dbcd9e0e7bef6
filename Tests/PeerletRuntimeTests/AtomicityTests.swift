import KBR
import PeerletBytecode
import PeerletRuntime
import PeerletVM
import SansIO
import Testing
import Wire

@Suite struct AtomicityTests {
    private static let data = Script.firstData

    /// Writes memory and the store, sends, then does what `last` adds.
    private static func busy(_ last: (inout Script) -> Void) -> Script {
        var script = Script()
        let room = script.room(32)
        let node = script.bytes(FullRing(size: 8).nodes[5].wireBytes)
        script.store(41, at: room)
        script.call(.storePut, node, 32, node, 10, 0, 0, 0)
        script.call(.kbrSend, node, 1, 0, 0, 1 << 32)
        script.call(.envStat, script.text("x"), 1, 1)
        last(&script)
        return script
    }

    private static func expectNothing(of report: ExecutionReport, _ bench: Bench) {
        #expect(report.effects.isEmpty)
        #expect(report.batch.isEmpty)
        #expect(report.storeGrowth == 0)
        #expect(report.verdict == nil)
        #expect(bench.number(at: data) == 0)
        #expect(bench.result(0) == 0)
        #expect(report.fuelSpent > 1500)
    }

    @Test func `a trap undoes everything and tells where`() throws {
        let bench = try Bench(Self.busy { $0.add(.trap, .trapCode(9)) })
        let report = bench.run()
        guard case .trapped(let trap) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(trap.kind == .explicit(code: 9))
        #expect(trap.location?.function == 0)
        Self.expectNothing(of: report, bench)
    }

    @Test func `a pointer outside memory is a trap at the host call`() throws {
        let bench = try Bench(Self.busy { $0.call(.kbrSelf, Int64(Script.pages) * 4096 - 63) })
        let report = bench.run()
        guard case .trapped(let trap) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(trap.kind == .hostMemory)
        Self.expectNothing(of: report, bench)
    }

    @Test func `exhausted fuel undoes everything and tells the figures`() throws {
        let bench = try Bench(Self.busy { $0.call(.lifeCheckpoint, 0) })
        bench.fuel = 50_000
        let report = bench.run()
        #expect(report.outcome == .exhausted)
        let limit = try #require(report.limitsReached.last)
        #expect(limit.limit == .fuel)
        #expect(limit.maximum == 50_000)
        #expect(limit.used == report.fuelSpent + 1024 + 100_000)
        #expect(report.backtrace?.frames.first?.function == 0)
        Self.expectNothing(of: report, bench)
    }

    @Test func `a report that is not accepted is undone, one that is stays`() throws {
        let bench = try Bench(Self.busy { _ in })
        let first = bench.invocation(isFresh: true)
        let report = bench.machines.run(first, reader: bench.store)
        #expect(report.outcome == .completed(result: 0))
        #expect(bench.number(at: Self.data) == 41)
        #expect(bench.machines.statistics.undoPages > 0)
        bench.machines.finish(first.id, isAccepted: false)
        #expect(bench.number(at: Self.data) == 0)
        let second = bench.invocation(isFresh: false)
        let again = bench.machines.run(second, reader: bench.store)
        #expect(again.effects == report.effects)
        #expect(again.batch == report.batch)
        bench.machines.finish(second.id, isAccepted: true)
        // Late and repeated answers change nothing.
        bench.machines.finish(second.id, isAccepted: false)
        bench.machines.finish(first.id, isAccepted: false)
        #expect(bench.number(at: Self.data) == 41)
        #expect(bench.machines.statistics.undoPages == 0)
    }

    @Test func `an upcall waits until the last one is settled`() throws {
        let bench = try Bench(Self.busy { _ in })
        let first = bench.invocation(isFresh: true)
        _ = bench.machines.run(first, reader: bench.store)
        let second = bench.invocation(isFresh: false)
        let refused = bench.machines.run(second, reader: bench.store)
        #expect(refused.outcome == .failed("the instance's last upcall was not settled"))
        bench.machines.finish(second.id, isAccepted: false)
        #expect(bench.number(at: Self.data) == 41)
        bench.machines.finish(first.id, isAccepted: true)
        #expect(bench.run().outcome == .completed(result: 0))
    }

    @Test func `an instance without a machine does not run`() throws {
        let bench = try Bench(Self.busy { _ in })
        let report = bench.machines.run(bench.invocation(isFresh: false), reader: bench.store)
        #expect(report.outcome == .failed("the instance has no machine"))
        bench.run()
        bench.machines.drop(bench.instance)
        #expect(!bench.machines.contains(bench.instance))
        #expect(bench.machines.statistics == MachineStore.Statistics())
        let unknown = bench.machines.step(12_345, fuel: 1)
        guard case .finished(let ghost) = unknown else {
            Issue.record("a step without an upcall went on")
            return
        }
        #expect(ghost.outcome == .failed("no such invocation"))
    }

    @Test func `a fresh start forgets the old machine`() throws {
        let bench = try Bench(Self.busy { _ in })
        bench.run()
        #expect(bench.number(at: Self.data) == 41)
        bench.machines.begin(bench.invocation(isFresh: true), reader: bench.store)
        #expect(bench.number(at: Self.data) == 0)
    }

    @Test func `a stopped upcall is undone`() throws {
        let bench = try Bench(Self.busy { _ in })
        let invocation = bench.invocation(isFresh: true)
        bench.machines.begin(invocation, reader: bench.store)
        guard case .sliceEnded = bench.machines.step(invocation.id, fuel: 2_060) else {
            Issue.record("it should need more than one slice")
            return
        }
        let report = try #require(bench.machines.stop(invocation.id))
        guard case .trapped(let trap) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(trap.kind == .outOfTime)
        Self.expectNothing(of: report, bench)
        #expect(bench.machines.stop(invocation.id) == nil)
        #expect(bench.run().outcome == .completed(result: 0))
    }

    @Test(arguments: [0, 1, 7, 100, 999, 100_000] as [UInt64])
    func `slices change neither result nor fuel`(slice: UInt64) throws {
        let bench = try Bench(Self.busy { _ in })
        let whole = bench.run()
        let other = try Bench(Self.busy { _ in })
        let invocation = other.invocation(isFresh: true)
        other.machines.begin(invocation, reader: other.store)
        var slices = 0
        while true {
            slices += 1
            if case .finished(let report) = other.machines.step(invocation.id, fuel: slice) {
                #expect(report.outcome == whole.outcome)
                #expect(report.fuelSpent == whole.fuelSpent)
                #expect(report.instructions == whole.instructions)
                #expect(report.effects == whole.effects)
                #expect(report.batch == whole.batch)
                break
            }
        }
        #expect(slice > 1000 || slices > 1)
    }

    @Test func `instances take turns by slices`() throws {
        let script = Self.busy { _ in }
        let first = try Bench(script)
        let image = script.image
        let second = try Bench(image, key: .number(1))
        let one = first.invocation(isFresh: true)
        var two = second.invocation(isFresh: true)
        two.id = 1000
        first.machines.begin(one, reader: first.store)
        first.machines.begin(two, reader: second.store)
        var reports: [UInt64: ExecutionReport] = [:]
        while reports.count < 2 {
            for id in [one.id, two.id] where reports[id] == nil {
                if case .finished(let report) = first.machines.step(id, fuel: 300) {
                    reports[id] = report
                }
            }
        }
        #expect(reports[one.id]?.effects == reports[two.id]?.effects)
        #expect(reports[two.id]?.instance.key == .number(1))
        #expect(first.machines.statistics.machines == 2)
    }

    @Test func `refused memory growth is named with its figures`() throws {
        let bench = try Bench.running { script in
            script.add(.const, .constant(10))
            script.add(.memoryGrow)
            script.add(.drop)
        }
        let report = bench.run()
        #expect(report.outcome == .completed(result: 0))
        #expect(report.limitsReached == [LimitReached(.memory, used: 74, maximum: 64)])
    }

    @Test func `deep recursion is named with its figures`() throws {
        var image = ProgramImage()
        image.memory.initialPages = 1
        image.memory.maximumPages = 1
        var encoder = InstructionEncoder()
        encoder.append(Instruction(.localGet, .index(0)))
        encoder.append(Instruction(.call, .index(0)))
        encoder.append(Instruction(.ret))
        image.functions = [
            ProgramImage.FunctionBody(
                parameterCount: 1,
                resultCount: 1,
                localCount: 0,
                code: encoder.code
            )
        ]
        image.exports = [ProgramImage.Export(name: "init", function: 0)]
        let bench = try Bench(image)
        let report = bench.run(UpcallEvent(.initialize))
        #expect(report.limitsReached == [LimitReached(.callDepth, used: 257, maximum: 256)])
        guard case .trapped(let trap) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(trap.kind == .callDepth)
        bench.machines.drop(bench.instance)
        bench.limits.stackCells = 20
        let narrow = bench.run(UpcallEvent(.initialize))
        #expect(narrow.limitsReached == [LimitReached(.stack, used: 21, maximum: 20)])
    }

    @Test func `the same invocation gives the same report`() throws {
        let reports = try (0..<2).map { _ in
            try Bench(Self.busy { $0.call(.cryptoRandom, Self.data, 32) }).run()
        }
        #expect(reports[0].effects == reports[1].effects)
        #expect(reports[0].batch == reports[1].batch)
        #expect(reports[0].fuelSpent == reports[1].fuelSpent)
    }
}
