import PeerletBytecode
import PeerletVM
import Testing

/// Exact bills (`Spec/isa/fuel.md`).
@Suite struct FuelTests {
    @Test func `an endless loop costs one fuel a round and goes on when refuelled`() throws {
        let image = ProgramImage.main {
            let start = $0.label()
            $0.mark(start)
            $0.branch(.br, start)
        }
        let machine = try image.machine(fuel: 1000)
        for round in UInt64(1)...3 {
            #expect(machine.run() == .needsFuel(1))
            #expect(machine.fuelSpent == 1000 * round)
            #expect(machine.instructionsExecuted == 1000 * round)
            #expect(machine.fuel == 0)
            machine.addFuel(400)
            machine.addFuel(600)
        }
    }

    @Test func `endless recursion ends at the call depth after so many calls`() throws {
        let image = ProgramImage.main {
            $0.add(.call, .index(0))
            $0.add(.ret)
        }
        let machine = try image.machine(
            limits: MachineLimits(memoryPages: 0, callDepth: 1000),
            fuel: 1_000_000
        )
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .callDepth)
        #expect(trap.location == CodeLocation(function: 0, offset: 0))
        #expect(trap.backtrace.frames.count == 64)
        #expect(trap.backtrace.omitted == 1000 - 64)
        #expect(machine.fuelSpent == 4 * 1000)
        #expect(machine.instructionsExecuted == 1000)
    }

    @Test func `endless recursion ends at the stack limit after so many cells`() throws {
        let image = ProgramImage.main(locals: 100) {
            $0.add(.call, .index(0))
            $0.add(.ret)
        }
        let machine = try image.machine(
            limits: MachineLimits(memoryPages: 0, stackCells: 1000),
            fuel: 1_000_000
        )
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .stackOverflow)
        #expect(machine.fuelSpent == 4 * 10)
    }

    @Test(arguments: [8, 16, 32, 64])
    func `a stack that is full when the calls need room too is a stack overflow`(
        frames: Int
    ) throws {
        let image = ProgramImage.main(locals: 10) {
            $0.add(.call, .index(0))
            $0.add(.ret)
        }
        let machine = try image.machine(
            limits: MachineLimits(memoryPages: 0, stackCells: 10 * frames + 5),
            fuel: 1_000_000
        )
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .stackOverflow)
        #expect(trap.backtrace.frames.count + trap.backtrace.omitted == frames)
    }

    @Test func `a memory hoarder gets its quota and pays for every page`() throws {
        let image = ProgramImage.main(pages: 1, maximumPages: 60_000) {
            let start = $0.label()
            $0.mark(start)
            $0.const(1)
            $0.add(.memoryGrow)
            $0.add(.drop)
            $0.branch(.br, start)
        }
        let machine = try image.machine(limits: MachineLimits(memoryPages: 5), fuel: 5000)
        // Four pages at 1 + 500 + 256 + 2, three refusals at 1 + 500 + 2, one constant.
        #expect(machine.run() == .needsFuel(500))
        #expect(machine.fuelSpent == 4 * 759 + 3 * 503 + 1)
        #expect(machine.memoryPages == 5)
        machine.undoActivation()
        #expect(machine.memoryPages == 1)
    }

    @Test func `a trap bills what was executed up to the trapping instruction`() throws {
        let image = ProgramImage.main {
            $0.const(1)
            $0.const(0)
            $0.add(.divS)
            $0.add(.drop)
            $0.add(.ret)
        }
        let short = try image.machine(fuel: 12)
        #expect(short.run() == .needsFuel(13))
        #expect(short.fuelSpent == 0)
        #expect(short.instructionsExecuted == 0)
        short.addFuel(1)
        guard case .trapped(let trap) = short.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .divisionByZero)
        #expect(trap.location == CodeLocation(function: 0, offset: 4))
        #expect(short.fuelSpent == 10)
        #expect(short.fuel == 3)
        #expect(short.instructionsExecuted == 3)
    }

    static func fill(_ count: Int64) -> ProgramImage {
        .main(pages: 1) {
            $0.const(0)
            $0.const(7)
            $0.const(count)
            $0.add(.memoryFill)
            $0.add(.ret)
        }
    }

    @Test(
        arguments: [
            (0, 60), (1, 1085), (16, 1085), (17, 1086), (64, 1088), (65, 1089), (4096, 1340),
        ] as [(Int64, UInt64)]
    )
    func `a bulk operation costs its base, one fuel per 16 bytes begun and its first writes`(
        count: Int64,
        price: UInt64
    ) throws {
        let machine = try Self.fill(count).machine(fuel: 3 + price - 1)
        #expect(machine.run() == .needsFuel(price))
        #expect(machine.load(0, count: 1) == [0])
        #expect(machine.captureState().frames[0].stack == [0, 7, count])
        machine.addFuel(1)
        #expect(machine.run() == .needsFuel(2))
        #expect(machine.fuelSpent == 3 + price)
        machine.addFuel(2)
        #expect(machine.run() == .finished(results: []))
    }

    @Test func `no size overflows the price of a bulk operation`() throws {
        for count in [Int64.max, .min, -1, 1 << 31, 1 << 32, .max - 14] {
            let machine = try Self.fill(count).machine(fuel: 1000)
            let bytes = UInt64(bitPattern: count)
            #expect(machine.run() == .needsFuel(60 + bytes / 16 + (bytes % 16 == 0 ? 0 : 1)))
            machine.addFuel(.max)
            guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
            #expect(trap.kind == .memoryOutOfBounds)
            #expect(machine.load(0, count: 4096) == [UInt8](repeating: 0, count: 4096))
        }
    }

    @Test func `a host call whose price does not fit is never paid`() throws {
        var image = ProgramImage.main {
            $0.const(0)
            $0.const(-1)
            $0.const(0)
            $0.const(0)
            $0.add(.host, .index(0))
            $0.add(.drop)
            $0.add(.ret)
        }
        image.imports = [.init(name: "kbr.local_lookup", parameterCount: 4)]
        let machine = try image.machine(fuel: .max)
        machine.addFuel(.max)
        #expect(machine.run() == .needsFuel(.max))
        #expect(machine.fuelSpent == 4)
    }

    @Test func `a host call is paid whole, answered, and can be charged more`() throws {
        var image = ProgramImage.main(results: 1, pages: 1) {
            $0.const(2)
            $0.const(100)
            $0.const(33)
            $0.add(.host, .index(0))
            $0.add(.ret)
        }
        image.imports = [.init(name: "env.log", parameterCount: 3)]
        let machine = try image.machine(fuel: 3 + 331)
        #expect(machine.run() == .needsFuel(332))
        #expect(machine.captureState().frames[0].stack == [2, 100, 33])
        machine.addFuel(11)
        #expect(machine.run() == .host(.envLog))
        #expect(machine.run() == .host(.envLog))
        #expect((0..<4).map { machine.hostArgument($0) } == [2, 100, 33, 0])
        #expect(machine.captureState().awaitsHost)
        #expect(machine.fuelSpent == 335)
        #expect(!machine.charge(11))
        #expect(machine.charge(10))
        machine.answerHostCall(-4)
        #expect(machine.run() == .needsFuel(2))
        machine.addFuel(2)
        #expect(machine.run() == .finished(results: [-4]))
        #expect(machine.fuelSpent == 347)
        #expect(machine.instructionsExecuted == 5)
    }

    @Test func `fuel adds up to its maximum and can be taken back`() throws {
        let machine = try ProgramImage.main { $0.add(.ret) }.machine()
        machine.addFuel(.max)
        machine.addFuel(.max)
        #expect(machine.fuel == Machine.maximumFuel)
        #expect(machine.drainFuel() == Machine.maximumFuel)
        #expect(machine.run() == .needsFuel(2))
    }
}
