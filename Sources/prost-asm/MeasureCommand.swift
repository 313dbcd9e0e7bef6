internal import ArgumentParser
internal import Foundation
internal import PeerletBytecode
internal import PeerletVM
internal import SansIO

/// What the elements of the VM take on this machine (`Benchmarks/compare.py` has whole kernels).
struct MeasureCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure calls, instances and translation on this machine, nanoseconds each.",
        discussion: """
            Every number is the best of the rounds; metering and undo are on.

            Examples:
              prost-asm measure
              prost-asm measure --rounds 30 --json
            """
    )

    @Option(help: "Rounds of each measurement.")
    var rounds = 11

    @Flag(help: "Measure every host call over its sizes instead, for their fuel.")
    var hostCalls = false

    @OptionGroup var output: OutputOptions

    struct Report: Encodable {
        var handlers_jump = Machine.handlersJump
        var entry = 0.0
        var host_call = 0.0
        var guest_call = 0.0
        var instance = 0.0
        var instance_64k_touched = 0.0
        var instance_bytes = 0.0
        var instance_64k_touched_bytes = 0.0
        var deliver = 0.0
        var translate_byte = 0.0
        var translate_doubled = 0.0
    }

    func execute() throws(CommandFailure) {
        guard (1...10_000).contains(rounds) else {
            throw .usage("--rounds takes 1 to 10000, not \(rounds)")
        }
        if hostCalls { return try measureHostCalls() }
        var report = Report()
        do {
            report.entry = try Measurements.entry(rounds)
            report.guest_call = try Measurements.guestCall(rounds)
            report.host_call = try Measurements.hostCall(rounds)
            report.instance = try Measurements.instance(rounds, pages: 0)
            report.instance_64k_touched = try Measurements.instance(rounds, pages: 16)
            report.instance_bytes = try InstanceMeasurement.bytes(pages: 0)
            report.instance_64k_touched_bytes = try InstanceMeasurement.bytes(pages: 16)
            report.deliver = try DeliverMeasurement.time(rounds)
            report.translate_byte = try Measurements.translation(rounds, bytes: 30_000)
            report.translate_doubled =
                try Measurements.translation(rounds, bytes: 60_000) / report.translate_byte
        } catch {
            throw .usage("\(error)")
        }
        if output.json { return output.printJSON(report) }
        let rows = [
            ("host calls an empty function", report.entry),
            ("guest calls a function", report.guest_call),
            ("guest calls the host", report.host_call),
            ("new instance, no memory", report.instance),
            ("new instance, 64 KiB touched", report.instance_64k_touched),
            ("empty deliver, from mailbox to settled report", report.deliver),
            ("verify and translate a byte", report.translate_byte),
        ]
        if !report.handlers_jump { print("this build calls its handlers in a loop") }
        for (name, value) in rows {
            print("\(name): \(String(format: "%.1f", value)) ns")
        }
        let (bytes, touched) = (report.instance_bytes, report.instance_64k_touched_bytes)
        print("new instance, no memory: \(String(format: "%.0f", bytes)) bytes")
        print("the same, 64 KiB touched: \(String(format: "%.0f", touched)) bytes with the memory")
        let ratio = String(format: "%.2f", report.translate_doubled)
        print("verify and translate twice as much code: \(ratio) of the time for a byte")
    }
}

extension MeasureCommand {
    private func measureHostCalls() throws(CommandFailure) {
        let rows: [HostCallMeasurement.Row]
        do { rows = try HostCallMeasurement.rows(rounds) } catch { throw .usage("\(error)") }
        if output.json { return output.printJSON(rows) }
        print("| call | size | fuel | ns | ns per fuel | answer |\n|---|---|---|---|---|---|")
        for row in rows {
            let time = String(format: "%.0f", row.nanoseconds)
            let each = String(format: "%.3f", row.nanoseconds / Double(max(row.fuel, 1)))
            let cells = [
                "`\(row.call)`", "\(row.size)", "\(row.fuel)", time, each, "\(row.result)",
            ]
            print("| \(cells.joined(separator: " | ")) |")
        }
    }
}

/// Programs of a few instructions, and how long they take.
enum Measurements {
    /// A call with one argument, one result, and its commit.
    static func entry(_ rounds: Int) throws -> Double {
        let program = try Verifier.verify(loop { _ in })
        let machine = try Machine(program: program, limits: MachineLimits(memoryPages: 0))
        guard let entry = program.entryPoint(named: "nop") else { return 0 }
        return try best(rounds, calls: 100_000) { count in
            for argument in 0..<count {
                try machine.start(entry)
                machine.setArgument(0, Int64(argument))
                machine.addFuel(10)
                guard machine.resume() == .finished, machine.result(0) == argument + 1 else {
                    throw MachineError.limits
                }
                machine.commitActivation()
            }
        }
    }

    static func guestCall(_ rounds: Int) throws -> Double {
        let calling = try loopTime(
            rounds,
            loop {
                $0.append(Instruction(.localGet, .index(1)))
                $0.append(Instruction(.call, .index(0)))
                $0.append(Instruction(.localSet, .index(1)))
            }
        )
        return calling - (try loopTime(rounds, loop { _ in }))
    }

    static func hostCall(_ rounds: Int) throws -> Double {
        let calling = try loopTime(
            rounds,
            loop {
                $0.append(Instruction(.const, .constant(0)))
                $0.append(Instruction(.host, .index(0)))
                $0.append(Instruction(.localSet, .index(1)))
            }
        )
        return calling - (try loopTime(rounds, loop { _ in }))
    }

    /// An instance made, run once if it has memory, and dropped.
    static func instance(_ rounds: Int, pages: UInt32) throws -> Double {
        let program = try Verifier.verify(toucher(pages: pages))
        guard let entry = program.entryPoint(named: "run") else { return 0 }
        return try best(rounds, calls: 2000) { count in
            for _ in 0..<count { _ = try touched(program, entry, pages: pages) }
        }
    }

    /// Writes the first bytes of its pages, all but the first page.
    static func toucher(pages: UInt32) -> ProgramImage {
        var image = loop {
            $0.append(Instruction(.localGet, .index(0)))
            $0.append(Instruction(.const, .constant(12)))
            $0.append(Instruction(.shl))
            $0.append(Instruction(.const, .constant(1)))
            $0.append(Instruction(.store64, .offset(0)))
        }
        image.memory.initialPages = pages
        image.memory.maximumPages = pages
        return image
    }

    /// A new instance of `toucher`, run if it has memory.
    static func touched(
        _ program: VerifiedProgram,
        _ entry: EntryPoint,
        pages: UInt32
    ) throws -> Machine {
        let machine = try Machine(program: program, limits: MachineLimits(memoryPages: pages))
        guard pages > 0 else { return machine }
        try machine.start(entry)
        machine.setArgument(0, Int64(pages) - 1)
        machine.addFuel(100_000)
        guard machine.resume() == .finished else { throw MachineError.limits }
        machine.commitActivation()
        return machine
    }

    /// Per byte of a function of straight code, loops and branches.
    static func translation(_ rounds: Int, bytes: Int) throws -> Double {
        let image = loop { encoder in
            while encoder.code.count < bytes {
                encoder.append(Instruction(.localGet, .index(0)))
                encoder.append(Instruction(.localGet, .index(1)))
                encoder.append(Instruction(.const, .constant(1000)))
                encoder.append(Instruction(.add))
                encoder.append(Instruction(.xor))
                encoder.append(Instruction(.localTee, .index(1)))
                encoder.append(Instruction(.brIf, .target(0)))
            }
        }
        let length = image.functions[1].code.count
        let time = try best(rounds, calls: 1) { _ in _ = try Verifier.verify(image) }
        return time / Double(length)
    }

    // MARK: Programs

    /// `nop(x)` gives x + 1; `run(n)` does the body while n counts down to 0.
    private static func loop(_ body: (inout InstructionEncoder) -> Void) -> ProgramImage {
        var nop = InstructionEncoder()
        nop.append(Instruction(.localGet, .index(0)))
        nop.append(Instruction(.const, .constant(1)))
        nop.append(Instruction(.add))
        nop.append(Instruction(.ret))
        var run = InstructionEncoder()
        body(&run)
        run.append(Instruction(.localGet, .index(0)))
        run.append(Instruction(.const, .constant(1)))
        run.append(Instruction(.sub))
        run.append(Instruction(.localTee, .index(0)))
        run.append(Instruction(.brIf, .target(0)))
        run.append(Instruction(.localGet, .index(1)))
        run.append(Instruction(.ret))
        var image = ProgramImage()
        image.imports = [.init(name: "time.now", parameterCount: 1)]
        image.functions = [
            .init(parameterCount: 1, resultCount: 1, localCount: 0, code: nop.code),
            .init(parameterCount: 1, resultCount: 1, localCount: 1, code: run.code),
        ]
        image.exports = [
            .init(name: "nop", function: 0), .init(name: "run", function: 1),
        ]
        return image
    }

    // MARK: Time

    private static func loopTime(_ rounds: Int, _ image: ProgramImage) throws -> Double {
        let program = try Verifier.verify(image)
        let machine = try Machine(program: program, limits: MachineLimits(memoryPages: 0))
        guard let entry = program.entryPoint(named: "run") else { return 0 }
        return try best(rounds, calls: 1_000_000) { count in
            try machine.start(entry)
            machine.setArgument(0, Int64(count))
            machine.addFuel(1_000_000_000)
            var answer: Int64 = 0
            while case .host = machine.resume() {
                answer &+= 1
                machine.answerHostCall(answer)
            }
            machine.commitActivation()
        }
    }

    /// Nanoseconds of one call, the best round.
    static func best(
        _ rounds: Int,
        calls: Int,
        _ body: (Int) throws -> Void
    ) throws -> Double {
        var best = Double.infinity
        for _ in 0..<rounds {
            let start = ProcessTime.thread()
            try body(calls)
            best = min(best, Double(ProcessTime.thread() - start) / Double(calls))
        }
        return best
    }
}

enum ProcessTime {
    /// Processor time of this thread, nanoseconds.
    static func thread() -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static var monotonic: Instant {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return .zero }
        return Instant(
            nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        )
    }
}
