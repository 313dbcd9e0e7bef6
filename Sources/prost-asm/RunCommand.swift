internal import ArgumentParser
internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM

struct RunCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Call an exported procedure and print its result.",
        discussion: """
            Host calls are answered by a stub: env.log prints to standard error, all others
            return NOSYS. PATH is a source, a folder, or a package.

            Examples:
              prost-asm run fib.pasm --call fib --arg 30
              prost-asm run fib.peerlet --call fib --arg 30 --repeat 10 --json
            """
    )

    @OptionGroup var source: SourceOptions

    @Option(help: "Exported procedure to call.")
    var call: String

    @Option(parsing: .unconditionalSingleValue, help: "Argument, decimal or 0x; repeatable.")
    var arg: [String] = []

    @Option(name: .customLong("repeat"), help: "Calls, one after the other on the same memory.")
    var repetitions = 1

    @Option(help: "Fuel of each call.")
    var fuel: UInt64 = 1_000_000_000_000

    @Option(help: "Pages of memory, 4 KiB each, instead of the program's maximum.")
    var pages: UInt32?

    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let result: String?
        let results: [String]
        /// Of the last call.
        let fuel: UInt64
        let instructions: UInt64
        /// Of the fastest call.
        let cpu_ns: UInt64
        let calls: Int
    }

    func execute() throws(CommandFailure) {
        guard repetitions > 0 else { throw .usage("--repeat must be positive") }
        let (program, debug) = try load()
        guard let entry = program.entryPoint(named: call) else {
            let names = program.image.exports.map(\.name).sorted().joined(separator: ", ")
            throw .usage("there is no export \(call)", hint: "exports: \(names)")
        }
        var arguments: [Int64] = []
        for text in arg {
            guard let value = Number.parse(text) else { throw .usage("--arg \(text) is no number") }
            arguments.append(value)
        }
        let limits = MachineLimits(memoryPages: pages ?? program.image.memory.maximumPages)
        let machine: Machine
        do throws(MachineError) {
            machine = try Machine(program: program, limits: limits)
        } catch { throw .usage("\(call): \(error)") }
        let host = StubHost(output: output)
        var measured = Measurement()
        for _ in 0..<repetitions {
            do throws(MachineError) {
                try machine.start(entry, arguments: arguments)
            } catch { throw .usage("\(call): \(error)") }
            machine.addFuel(fuel)
            let start = ProcessTime.thread()
            let exit = host.run(machine)
            measured.nanoseconds = min(measured.nanoseconds, ProcessTime.thread() - start)
            measured.fuel = machine.fuelSpent
            measured.instructions = machine.instructionsExecuted
            switch exit {
            case .success(let results): measured.results = results
            case .failure(let trap): throw failure(trap, debug)
            }
            machine.commitActivation()
            _ = machine.drainFuel()
        }
        report(measured)
    }

    private struct Measurement {
        var results: [Int64] = []
        var fuel: UInt64 = 0
        var instructions: UInt64 = 0
        var nanoseconds = UInt64.max
    }

    private func load() throws(CommandFailure) -> (VerifiedProgram, DebugInfo?) {
        if source.path.hasSuffix(".peerlet") {
            let package = try Packages.inspect(try Files.read(source.path), source.path)
            let program = try Packages.program(package, source.path)
            return (program, Packages.sourceMap(of: source.path, package, output))
        }
        let assembled = try source.assemble(output, failing: .data)
        return (assembled.program, assembled.result.debugInfo)
    }

    private func failure(_ trap: Trap, _ debug: DebugInfo?) -> CommandFailure {
        let frames = trap.backtrace.symbolicated(debug ?? DebugInfo())
        var lines = ["trap: \(trap.kind.name)"] + frames.map { "  in \($0)" }
        if trap.backtrace.omitted > 0 { lines.append("  and \(trap.backtrace.omitted) more") }
        let hint = trap.kind == .outOfFuel ? "--fuel gives more" : nil
        return CommandFailure(
            code: .no,
            name: "trap",
            message: lines.joined(separator: "\n"),
            hint: hint
        )
    }

    private func report(_ measured: Measurement) {
        let results = measured.results.map { "\($0)" }
        if output.json {
            output.printJSON(
                Report(
                    result: results.first,
                    results: results,
                    fuel: measured.fuel,
                    instructions: measured.instructions,
                    cpu_ns: measured.nanoseconds,
                    calls: repetitions
                )
            )
        } else {
            print(results.joined(separator: " "))
            if !output.quiet {
                output.note(
                    "fuel \(measured.fuel), instructions \(measured.instructions), cpu \(measured.nanoseconds) ns"
                )
            }
        }
    }
}

/// Answers host calls where there is no node: `env.log` prints, the others are not supported.
struct StubHost {
    let output: OutputOptions

    /// Runs an activation to its end.
    func run(_ machine: Machine) -> Result<[Int64], Trap> {
        while true {
            switch machine.resume() {
            case .finished: return .success(machine.results)
            case .trapped: return .failure(machine.trap)
            case .needsFuel: return .failure(machine.abort(.outOfFuel))
            case .host(.envLog):
                if let trap = log(machine) { return .failure(trap) }
            case .host: machine.answerHostCall(HostError.notSupported.rawValue)
            }
        }
    }

    private func log(_ machine: Machine) -> Trap? {
        let levels = ["debug", "info", "warning", "error"]
        guard let level = Int(exactly: machine.hostArgument(0)), levels.indices.contains(level),
            let count = Int(exactly: machine.hostArgument(2)), count >= 0
        else {
            machine.answerHostCall(HostError.argument.rawValue)
            return nil
        }
        let address = UInt64(bitPattern: machine.hostArgument(1))
        guard let bytes = count == 0 ? [] : machine.load(address, count: count) else {
            return machine.trapHostCall(.hostMemory)
        }
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : String($0) }.joined()
        output.note("log \(levels[level]): \(text)")
        machine.answerHostCall(0)
        return nil
    }
}
