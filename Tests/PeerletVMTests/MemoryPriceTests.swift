import PeerletBytecode
import PeerletVM
import Testing

/// What access to memory costs beside the table of instructions (`Spec/isa/fuel.md` §3).
@Suite struct MemoryPriceTests {
    /// Two stores on three pages, of which the second is written twice; then a trap if told to.
    static let firstWrites = ProgramImage.main(parameters: 1, pages: 3) {
        let end = $0.label()
        $0.const(4092)
        $0.const(-1)
        $0.add(.store64, .offset(0))
        $0.const(8191)
        $0.const(-1)
        $0.add(.store8, .offset(0))
        $0.add(.localGet, .index(0))
        $0.branch(.brIfZero, end)
        $0.const(8192)
        $0.const(7)
        $0.add(.store8, .offset(0))
        $0.add(.trap, .trapCode(1))
        $0.mark(end)
        $0.const(8192)
        $0.const(5)
        $0.add(.store8, .offset(0))
        $0.add(.ret)
    }

    static func loads(_ maximumPages: UInt32) -> ProgramImage {
        .main(results: 1, pages: 1, maximumPages: maximumPages) {
            $0.const(1)
            $0.add(.load8U, .offset(0))
            $0.add(.load64, .offset(3))
            $0.const(8)
            $0.const(8)
            $0.add(.store16, .offset(0))
            $0.add(.ret)
        }
    }

    @Test func `first writes are paid at the end of their block, whole, before anything else`()
        throws
    {
        let machine = try Self.firstWrites.machine([0], fuel: 16)
        #expect(machine.run() == .needsFuel(2048))
        #expect(machine.load(8191, count: 1) == [255])
        #expect(machine.fuelSpent == 15)
        machine.addFuel(2046)
        #expect(machine.run() == .needsFuel(2048))
        #expect(machine.fuelSpent == 15)
        machine.addFuel(1)
        #expect(machine.run() == .needsFuel(8))
        #expect(machine.fuelSpent == 2063)
        machine.addFuel(8)
        // Returned, but not before the third page is paid.
        #expect(machine.run() == .needsFuel(1024))
        #expect(machine.captureState().ending == .returned([]))
        machine.addFuel(1024)
        #expect(machine.run() == .finished(results: []))
        #expect(machine.fuelSpent == 3095 && machine.fuel == 0)
        machine.commitActivation()
        let entry = try #require(machine.program.entryPoint(named: "main"))
        try machine.start(entry, arguments: [0])
        machine.addFuel(.max)
        #expect(machine.run() == .finished(results: []))
        #expect(machine.fuelSpent == 3095)
    }

    @Test func `a trap pays first writes too; without the fuel it is the host's to end`() throws {
        let machine = try Self.firstWrites.machine([1], fuel: 15 + 2048 + 7)
        #expect(machine.run() == .needsFuel(1024))
        #expect(machine.fuelSpent == 2070)
        let place = CodeLocation(function: 0, offset: 26)
        #expect(machine.captureState().ending == .trapped(.explicit(code: 1), [place]))
        let other = try Self.firstWrites.machine([1], fuel: 15 + 2048 + 7)
        #expect(other.run() == .needsFuel(1024))
        machine.addFuel(1024)
        guard case .trapped(let trap) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(trap.kind == .explicit(code: 1) && trap.location == place)
        #expect(machine.fuelSpent == 3094)
        #expect(other.abort(.outOfFuel).location == place)
        guard case .trapped(let end) = other.run() else { throw ProgramImage.MissingEntry() }
        #expect(end.kind == .outOfFuel)
        #expect(other.fuelSpent == 2070)
        other.undoActivation()
        #expect(other.load(8191, count: 2) == [0, 0])
    }

    @Test func `what the host writes is a first write during a host call only`() throws {
        var image = ProgramImage.main(pages: 2) {
            $0.const(0)
            $0.add(.host, .index(0))
            $0.add(.drop)
            $0.add(.ret)
        }
        image.imports = [.init(name: "time.now", parameterCount: 1)]
        let machine = try image.machine(fuel: 5000)
        #expect(machine.store([1], at: 0))
        #expect(machine.run() == .host(.timeNow))
        let before = machine.fuelSpent
        #expect(machine.store([1], at: 1))
        #expect(machine.store([1, 2], at: 4095))
        machine.answerHostCall(0)
        #expect(machine.run() == .finished(results: []))
        #expect(machine.fuelSpent == before + 1024 + 3)
    }

    @Test(
        arguments: [
            (16, 5, 4), (17, 11, 6), (128, 11, 6), (129, 21, 8), (512, 21, 8), (513, 75, 20),
            (4096, 75, 20), (4097, 155, 34),
        ] as [(UInt32, UInt64, UInt64)]
    )
    func `loads and stores cost more the more pages a program declares`(
        pages: UInt32,
        load: UInt64,
        store: UInt64
    ) throws {
        let machine = try Self.loads(pages).machine(fuel: 5000)
        #expect(machine.run() == .finished(results: [0]))
        #expect(machine.fuelSpent == 5 + 2 * load + store + 1024)
    }
}
