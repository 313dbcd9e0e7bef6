import PeerletBytecode
import PeerletVM
import Wire

/// What has to hold for all bytes: the fuzz targets of `Tests/Fuzz`, and their corpus in the tests.
enum ProgramCheck {
    private static let limits = MachineLimits(memoryPages: 8, stackCells: 400, callDepth: 32)
    private static let purse: UInt64 = 4000

    /// Nil for bytes that are no valid program.
    static func verified(_ bytes: [UInt8]) -> VerifiedProgram? {
        guard let image = try? ProgramImage(wireBytes: bytes, "image") else { return nil }
        return try? Verifier.verify(image)
    }

    /// How an activation ended, and all it left.
    private struct End: Equatable {
        var exit: Exit
        var state: MachineState
        var spent: UInt64
        var instructions: UInt64
    }

    /// Whether each export does the same in one go and in pieces, and undo undoes it.
    static func isExact(_ bytes: [UInt8]) -> Bool {
        guard let program = verified(bytes) else { return true }
        for export in program.image.exports.prefix(4) {
            guard let entry = program.entryPoint(named: export.name) else { return false }
            let piece = UInt64(1 + bytes.count % 61)
            guard let whole = end(program, entry, piece: purse),
                let pieces = end(program, entry, piece: piece)
            else { continue }
            guard whole == pieces else { return false }
        }
        return true
    }

    /// Nil if the instance cannot be made or started, or was not what it was after undo.
    private static func end(
        _ program: VerifiedProgram,
        _ entry: EntryPoint,
        piece: UInt64
    ) -> End? {
        guard let machine = try? Machine(program: program, limits: limits) else { return nil }
        let before = machine.captureState()
        let arguments = (0..<entry.parameterCount).map { Int64($0) * 4093 }
        guard (try? machine.start(entry, arguments: arguments)) != nil else { return nil }
        let exit = run(machine, piece)
        let end = End(
            exit: exit,
            state: machine.captureState(),
            spent: machine.fuelSpent,
            instructions: machine.instructionsExecuted
        )
        machine.undoActivation()
        let after = machine.captureState()
        let isUndone = after.memory == before.memory && after.globals == before.globals
        return isUndone ? end : nil
    }

    private static func run(_ machine: Machine, _ piece: UInt64) -> Exit {
        var left = purse
        var calls = 0
        while true {
            let exit = machine.run()
            switch exit {
            case .needsFuel(let price) where price <= machine.fuel + left:
                let given = min(piece, left)
                machine.addFuel(given)
                left -= given
            case .host:
                calls += 1
                let isKept = machine.store([1, 2, 3], at: UInt64(calls * 1021))
                machine.answerHostCall(isKept ? Int64(calls) : -20)
            default: return exit
            }
        }
    }
}
