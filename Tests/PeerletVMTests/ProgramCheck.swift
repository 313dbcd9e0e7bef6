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

    private enum Outcome: Equatable {
        /// No instance could be made, or its activation not be started.
        case notStarted
        /// Undo left other memory or other globals than there were.
        case notUndone
        case ended(End)
    }

    /// Whether each export does the same in one go and in pieces, and undo undoes it.
    static func isExact(_ bytes: [UInt8]) -> Bool {
        guard let program = verified(bytes) else { return true }
        for export in program.image.exports.prefix(4) {
            guard let entry = program.entryPoint(named: export.name) else { return false }
            let whole = outcome(program, entry, piece: purse)
            let pieces = outcome(program, entry, piece: UInt64(1 + bytes.count % 61))
            guard whole == pieces, whole != .notUndone else { return false }
        }
        return true
    }

    /// What an activation leaves, and whether the instance is then what it was before.
    private static func outcome(
        _ program: VerifiedProgram,
        _ entry: EntryPoint,
        piece: UInt64
    ) -> Outcome {
        guard let machine = try? Machine(program: program, limits: limits) else {
            return .notStarted
        }
        let before = machine.captureState()
        let arguments = (0..<entry.parameterCount).map { Int64($0) * 4093 }
        guard (try? machine.start(entry, arguments: arguments)) != nil else { return .notStarted }
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
        return isUndone ? .ended(end) : .notUndone
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
