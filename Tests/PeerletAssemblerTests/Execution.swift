internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import Testing

/// How a call ended.
enum Outcome: Equatable {
    case results([Int64])
    case trap(TrapKind)
}

/// A program in a machine, with a host that the test gives.
final class Execution {
    let machine: Machine
    var host: (HostCall, Machine) -> Int64 = { _, _ in HostError.notSupported.rawValue }

    init(_ image: ProgramImage) throws {
        let program = try Verifier.verify(image)
        machine = try Machine(program: program, limits: MachineLimits(memoryPages: 256))
    }

    convenience init(_ text: String, files: [SourceFile] = []) throws {
        try self.init(try image(text, files: files))
    }

    /// Calls an export to its end and keeps what it did, unless it trapped.
    func call(_ name: String, _ arguments: Int64...) throws -> Outcome {
        let entry = try #require(machine.program.entryPoint(named: name))
        try machine.start(entry, arguments: arguments)
        machine.addFuel(10_000_000)
        defer { _ = machine.drainFuel() }
        while true {
            switch machine.run() {
            case .finished(let results):
                machine.commitActivation()
                return .results(results)
            case .trapped(let trap):
                machine.undoActivation()
                return .trap(trap.kind)
            case .needsFuel:
                _ = machine.abort(.outOfFuel)
                machine.undoActivation()
                return .trap(.outOfFuel)
            case .host(let call): machine.answerHostCall(host(call, machine))
            }
        }
    }
}

/// The one result of `export proc f` in a program.
func run(
    _ text: String,
    _ arguments: Int64...,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Int64 {
    let image = try image(".prost 1\n" + text, sourceLocation: sourceLocation)
    let execution = try Execution(image)
    let entry = try #require(execution.machine.program.entryPoint(named: "f"))
    try execution.machine.start(entry, arguments: arguments)
    execution.machine.addFuel(10_000_000)
    guard case .finished(let results) = execution.machine.run() else {
        Issue.record("the program did not finish", sourceLocation: sourceLocation)
        return 0
    }
    return try #require(results.first, sourceLocation: sourceLocation)
}
