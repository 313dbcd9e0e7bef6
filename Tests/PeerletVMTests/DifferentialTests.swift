import Foundation
import PeerletBytecode
import PeerletVM
import Testing
import Wire

/// The machine against the reference interpreter on generated programs, fuel included.
@Suite struct DifferentialTests {
    static let limits = MachineLimits(memoryPages: 4, stackCells: 160, callDepth: 24)
    static let arguments: [Int64] = [3, -7]
    static let purse: UInt64 = 12000
    /// `PROST_PROGRAMS=1000000` for a release.
    static let programs =
        ProcessInfo.processInfo.environment["PROST_PROGRAMS"].flatMap(UInt64.init) ?? 250

    /// What the host does at its n-th call.
    enum Answer {
        case result(Int64)
        case store([UInt8], UInt64, Int64)
        case charge(UInt64, Int64)
        case trap(TrapKind)
    }

    static func answer(_ number: Int, _ call: HostCall, _ seed: UInt64) -> Answer {
        var random = SeededRandom(seed &+ UInt64(number) &* 977 &+ UInt64(call.rawValue))
        switch random.below(24) {
        case 0: return .trap(.hostMemory)
        case 1, 2: return .charge(UInt64(random.below(40)), 5)
        case 3...8:
            return .store(
                (0..<random.below(20)).map { UInt8($0) },
                UInt64(random.below(5000)),
                -2
            )
        default: return .result(Int64(bitPattern: random.next()) >> Int64(random.below(64)))
        }
    }

    /// The end of a run in terms that both interpreters share.
    struct Verdict: Equatable {
        var end: ReferenceInterpreter.Outcome
        var state: MachineState?
        var memory: [UInt8]
        var globals: [Int64]
        var spent: UInt64
        var left: UInt64
        var executed: UInt64
        var hostCalls: Int

        /// Fails without printing two memories.
        func check(against expected: Verdict, _ context: String) {
            guard self != expected else { return }
            Issue.record(
                "\(context): \(end) at \(spent) fuel, not \(expected.end) at \(expected.spent)"
            )
        }
    }

    static func outcome(_ exit: Exit) -> ReferenceInterpreter.Outcome {
        switch exit {
        case .finished(let results): .finished(results)
        case .host(let call): .host(call)
        case .needsFuel(let price): .needsFuel(price)
        case .trapped(let trap): .trapped(trap.kind, trap.backtrace.frames)
        }
    }

    /// Runs with `purse` fuel given in pieces of `slice`; `atStop` sees every fuel stop.
    static func run(
        _ machine: Machine,
        seed: UInt64,
        slice: UInt64 = .max,
        atStop: (Machine, Int, UInt64) -> Void = { _, _, _ in }
    ) -> Verdict {
        var purse = Self.purse
        var hostCalls = 0
        while true {
            let exit = machine.run()
            switch exit {
            case .needsFuel(let price) where price <= machine.fuel + purse:
                atStop(machine, hostCalls, purse)
                // As much as is needed arrives in small pieces and adds up.
                let piece = min(purse, slice)
                machine.addFuel(piece)
                purse -= piece
                continue
            case .host(let call):
                switch Self.answer(hostCalls, call, seed) {
                case .result(let value): machine.answerHostCall(value)
                case .store(let bytes, let address, let value):
                    machine.answerHostCall(
                        machine.store(bytes, at: address) ? value : HostError.memory.rawValue
                    )
                case .charge(let amount, let value):
                    // A charge that the piece at hand cannot pay waits for more.
                    let missing = amount > machine.fuel ? min(amount - machine.fuel, purse) : 0
                    machine.addFuel(missing)
                    purse -= missing
                    machine.answerHostCall(machine.charge(amount) ? value : -1)
                case .trap(let kind): _ = machine.trapHostCall(kind)
                }
                hostCalls += 1
                continue
            default: break
            }
            let state = machine.captureState()
            var stopped: MachineState?
            if case .needsFuel = exit { stopped = state }
            return Verdict(
                end: outcome(exit),
                state: stopped,
                memory: state.memory,
                globals: state.globals,
                spent: machine.fuelSpent,
                left: machine.fuel + purse,
                executed: machine.instructionsExecuted,
                hostCalls: hostCalls
            )
        }
    }

    static func run(
        _ reference: inout ReferenceInterpreter,
        seed: UInt64,
        hostCalls start: Int = 0
    ) -> Verdict {
        var charged: UInt64 = 0
        var hostCalls = start
        while true {
            var end = reference.run()
            if case .host(let call) = end {
                let answer = Self.answer(hostCalls, call, seed)
                hostCalls += 1
                switch answer {
                case .result(let value):
                    reference.answer(value)
                    continue
                case .store(let bytes, let address, let value):
                    reference.answer(reference.poke(bytes, at: address) ? value : -2)
                    continue
                case .charge(let amount, let value):
                    if amount <= reference.fuel {
                        reference.fuel -= amount
                        charged += amount
                        reference.answer(value)
                    } else {
                        reference.answer(-1)
                    }
                    continue
                case .trap(let kind): end = reference.trapAtHost(kind)
                }
            }
            var stopped: MachineState?
            if case .needsFuel = end { stopped = reference.state }
            return Verdict(
                end: end,
                state: stopped,
                memory: reference.state.memory,
                globals: reference.state.globals,
                spent: reference.spent + charged,
                left: reference.fuel,
                executed: reference.executed,
                hostCalls: hostCalls
            )
        }
    }

    static func program(_ seed: UInt64) throws -> (VerifiedProgram, EntryPoint) {
        let image = try ProgramImage(
            wireBytes: ProgramGenerator.program(seed: seed).wireBytes,
            "image"
        )
        let program = try Verifier.verify(image)
        return (program, try #require(program.entryPoint(named: "main")))
    }

    static func machine(_ program: VerifiedProgram, _ entry: EntryPoint) throws -> Machine {
        let machine = try Machine(program: program, limits: limits)
        try machine.start(entry, arguments: arguments)
        return machine
    }

    @Test func `generated programs end alike in both interpreters, in one go and in pieces`()
        throws
    {
        var seen: Set<Opcode> = []
        var ends: Set<String> = []
        for seed in 1...Self.programs {
            let (program, entry) = try Self.program(seed)
            var reference = ReferenceInterpreter(
                program,
                limits: Self.limits,
                entry: entry,
                arguments: Self.arguments
            )
            reference.fuel = Self.purse
            let expected = Self.run(&reference, seed: seed)
            let whole = Self.run(try Self.machine(program, entry), seed: seed)
            whole.check(against: expected, "seed \(seed): \(whole.end)")
            let slice = 1 + seed % 41
            let sliced = Self.run(try Self.machine(program, entry), seed: seed, slice: slice)
            sliced.check(against: expected, "seed \(seed) in pieces of \(slice)")
            seen.formUnion(reference.opcodesSeen)
            switch expected.end {
            case .finished: ends.insert("finished")
            case .needsFuel: ends.insert("fuel")
            case .trapped(let kind, _): ends.insert(kind.name.prefix { $0 != " " } + "")
            case .host: break
            }
        }
        let missing = Opcode.allCases.filter { !seen.contains($0) }
        #expect(missing.isEmpty, "never executed: \(missing)")
        let wanted = [
            "finished", "fuel", "trap", "division", "integer", "memory", "stack", "call",
            "undefined", "signature", "host",
        ]
        #expect(wanted.filter { !ends.contains($0) }.isEmpty, "only \(ends.sorted())")
    }

    @Test func `a machine stopped anywhere can be finished by the reference interpreter`() throws {
        var handovers = 0
        for seed in 500...560 + Self.programs / 20 {
            let (program, entry) = try Self.program(seed)
            let expected = Self.run(try Self.machine(program, entry), seed: seed)
            var stops = 0
            _ = Self.run(try Self.machine(program, entry), seed: seed, slice: 1 + seed % 37) {
                machine,
                hostCalls,
                purse in
                stops += 1
                guard stops % 5 == 1 else { return }
                handovers += 1
                var reference = ReferenceInterpreter(
                    program,
                    limits: Self.limits,
                    state: machine.captureState()
                )
                reference.fuel = machine.fuel + purse
                var verdict = Self.run(&reference, seed: seed, hostCalls: hostCalls)
                verdict.spent += machine.fuelSpent
                verdict.executed += machine.instructionsExecuted
                verdict.check(against: expected, "seed \(seed), stop \(stops)")
            }
        }
        #expect(handovers > 200)
    }
}
