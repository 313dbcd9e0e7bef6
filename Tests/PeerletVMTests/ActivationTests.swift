import PeerletBytecode
import PeerletVM
import Testing

@Suite struct ActivationTests {
    /// Writes two pages, grows, writes the new page, sets a global, traps if told to.
    static func writer() -> ProgramImage {
        var image = ProgramImage.main(parameters: 1, results: 1, pages: 2, maximumPages: 4) {
            let end = $0.label()
            $0.const(4092)
            $0.const(-1)
            $0.add(.store64, .offset(0))
            $0.const(10)
            $0.add(.globalSet, .index(0))
            $0.const(1)
            $0.add(.memoryGrow)
            $0.add(.drop)
            $0.const(8192)
            $0.const(5)
            $0.add(.store8, .offset(1))
            $0.add(.localGet, .index(0))
            $0.branch(.brIfZero, end)
            $0.add(.trap, .trapCode(9))
            $0.mark(end)
            $0.const(100)
            $0.const(50)
            $0.const(20)
            $0.add(.memoryCopy)
            $0.add(.globalGet, .index(0))
            $0.add(.ret)
        }
        image.globals = [3]
        image.data = [.init(address: 4090, bytes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]
        return image
    }

    @Test func `undo restores memory, its size and the globals after a trap`() throws {
        let machine = try Self.writer().machine([1], fuel: 10_000)
        let before = machine.captureState()
        #expect(machine.store([77], at: 0))
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .explicit(code: 9))
        #expect(machine.memoryPages == 3)
        #expect(machine.undoPages == 2)
        machine.undoActivation()
        let after = machine.captureState()
        #expect(after.memory == before.memory)
        #expect(after.globals == [3])
        #expect(machine.undoPages == 0)
        #expect(after.frames.isEmpty)
    }

    @Test func `a committed activation stays, and the next one is undone to it`() throws {
        let image = Self.writer()
        let machine = try image.machine([0], fuel: 10_000)
        #expect(machine.run() == .finished(results: [10]))
        machine.commitActivation()
        let committed = machine.captureState()
        #expect(committed.globals == [10])
        #expect(committed.memory.count == 3 * 4096)
        #expect(machine.takeDirtyPages() == [0, 1, 2])
        let entry = try #require(machine.program.entryPoint(named: "main"))
        try machine.start(entry, arguments: [0])
        #expect(machine.fuelSpent == 0)
        #expect(machine.run() == .finished(results: [10]))
        #expect(machine.undoPages == 3)
        machine.undoActivation()
        #expect(machine.captureState() == committed)
        #expect(machine.takeDirtyPages() == [])
    }

    @Test func `undone at any fuel tick, nothing of the activation is left`() throws {
        let image = Self.writer()
        let whole = try image.machine([0], fuel: 10_000)
        let before = whole.captureState()
        _ = whole.run()
        for tick in 0...whole.fuelSpent {
            let machine = try image.machine([0], fuel: tick)
            _ = machine.run()
            machine.undoActivation()
            let after = machine.captureState()
            #expect(after.memory == before.memory)
            #expect(after.globals == before.globals)
        }
    }

    @Test func `new pages are zero even where an undone activation had written`() throws {
        let image = ProgramImage.main(results: 1, maximumPages: 1) {
            $0.const(1)
            $0.add(.memoryGrow)
            $0.add(.drop)
            $0.const(8)
            $0.add(.load64, .offset(0))
            $0.const(8)
            $0.const(-1)
            $0.add(.store64, .offset(0))
            $0.add(.ret)
        }
        let machine = try image.machine(fuel: 10_000)
        let entry = try #require(machine.program.entryPoint(named: "main"))
        #expect(machine.run() == .finished(results: [0]))
        machine.undoActivation()
        try machine.start(entry, arguments: [])
        #expect(machine.run() == .finished(results: [0]))
    }

    @Test func `the quota can be lowered below what is held, which only stops growth`() throws {
        let image = ProgramImage.main(results: 1, pages: 2, maximumPages: 9) {
            $0.const(1)
            $0.add(.memoryGrow)
            $0.add(.ret)
        }
        let machine = try image.machine(fuel: 10_000)
        machine.setMemoryQuota(pages: 1)
        #expect(machine.run() == .finished(results: [-1]))
        machine.commitActivation()
        machine.setMemoryQuota(pages: 99)
        let entry = try #require(machine.program.entryPoint(named: "main"))
        for old in Int64(2)..<9 {
            try machine.start(entry, arguments: [])
            #expect(machine.run() == .finished(results: [old]))
            machine.commitActivation()
        }
        try machine.start(entry, arguments: [])
        #expect(machine.run() == .finished(results: [-1]))
    }

    @Test func `memory is checked to the byte`() throws {
        let cases: [(Int64, UInt32, Bool)] = [
            (4088, 0, true), (4089, 0, false), (0, 4088, true), (4080, 8, true), (4081, 8, false),
            (-1, 8, false), (.max, 1, false), (.min, 0, false), (0, .max, false), (-8, 8, false),
        ]
        for (address, offset, isInside) in cases {
            let image = ProgramImage.main(results: 1, pages: 1) {
                $0.const(address)
                $0.add(.load64, .offset(offset))
                $0.add(.ret)
            }
            let exit = try image.machine(fuel: 100).run()
            #expect((exit == .finished(results: [0])) == isInside, "\(address) + \(offset)")
        }
        let machine = try ProgramImage.main(pages: 1) { $0.add(.ret) }.machine()
        #expect(machine.load(4096, count: 0) == [])
        #expect(machine.load(4097, count: 0) == nil)
        #expect(machine.load(.max, count: 2) == nil)
        #expect(machine.load(0, count: -1) == nil)
        #expect(!machine.store([1, 2], at: 4095))
        #expect(machine.load(4095, count: 1) == [0])
        #expect(machine.store([], at: 4096))
    }

    @Test func `a machine refuses what its limits or its state do not allow`() throws {
        let image = ProgramImage.main(parameters: 1, locals: 10, pages: 3) { $0.add(.ret) }
        let program = try Verifier.verify(image)
        let entry = try #require(program.entryPoint(named: "main"))
        #expect(throws: MachineError.memoryQuota(needed: 3, quota: 2)) {
            try Machine(program: program, limits: MachineLimits(memoryPages: 2))
        }
        #expect(throws: MachineError.limits) {
            try Machine(program: program, limits: MachineLimits(memoryPages: 3, callDepth: 0))
        }
        let small = try Machine(
            program: program,
            limits: MachineLimits(memoryPages: 3, stackCells: 10)
        )
        #expect(throws: MachineError.stackLimit) { try small.start(entry, arguments: [1]) }
        let machine = try Machine(program: program, limits: MachineLimits(memoryPages: 3))
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .stopped && trap.location == nil)
        #expect(throws: MachineError.argumentCount(expected: 1, given: 0)) {
            try machine.start(entry, arguments: [])
        }
        let other = try Verifier.verify(.main(parameters: 1, pages: 3) { $0.add(.ret) })
        #expect(other.entryPoint(named: "absent") == nil)
        try machine.start(entry, arguments: [1])
        #expect(throws: MachineError.activationOpen) { try machine.start(entry, arguments: [1]) }
        #expect(machine.abort(.outOfFuel).location == CodeLocation(function: 0, offset: 0))
        guard case .trapped(let again) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(again.kind == .outOfFuel)
    }

    @Test func `a backtrace is told in source lines, innermost first`() throws {
        var image = ProgramImage.main {
            $0.add(.nop)
            $0.add(.call, .index(1))
            $0.add(.ret)
        }
        image.functions.append(
            .init(parameterCount: 0, resultCount: 0, localCount: 0, code: [0x01, 0x00, 0x05])
        )
        var debug = DebugInfo()
        debug.files = ["main.pasm"]
        debug.functions = [
            .init(name: "main", lines: [.init(offset: 1, file: 0, line: 12)]),
            .init(name: "inner", lines: [.init(offset: 0, file: 0, line: 20)]),
        ]
        guard case .trapped(let trap) = try image.machine(fuel: 100).run() else {
            throw ProgramImage.MissingEntry()
        }
        #expect(
            trap.backtrace.frames == [
                CodeLocation(function: 1, offset: 1), CodeLocation(function: 0, offset: 1),
            ]
        )
        #expect(
            trap.backtrace.symbolicated(debug).map(\.description) == [
                "inner at main.pasm:20", "main at main.pasm:12",
            ]
        )
        #expect(
            trap.backtrace.symbolicated(DebugInfo()).map(\.description) == [
                "function 1 at byte 1", "function 0 at byte 1",
            ]
        )
        #expect(trap.description == "trap 5 in function 1 at byte 1")
    }
}
