package import PeerletBytecode

/// Why a peerlet was stopped (`Spec/isa/execution.md` §4).
package enum TrapKind: Hashable, Sendable {
    /// The peerlet's own `trap` instruction.
    case explicit(code: UInt8)
    case divisionByZero
    case integerOverflow
    case memoryOutOfBounds
    case stackOverflow
    case callDepth
    /// `call_indirect` beyond the table.
    case undefinedElement
    /// `call_indirect` to a function of another signature.
    case signatureMismatch
    /// A host call was given memory that does not exist.
    case hostMemory
    /// A host call that this program or node does not allow.
    case hostDenied
    /// The fuel of the upcall or message is used up.
    case outOfFuel
    case outOfTime
    /// The host ended the activation.
    case stopped

    /// Name in diagnostics and vectors.
    package var name: String {
        switch self {
        case .explicit(let code): "trap \(code)"
        case .divisionByZero: "division by zero"
        case .integerOverflow: "integer overflow"
        case .memoryOutOfBounds: "memory out of bounds"
        case .stackOverflow: "stack overflow"
        case .callDepth: "call depth"
        case .undefinedElement: "undefined element"
        case .signatureMismatch: "signature mismatch"
        case .hostMemory: "host memory"
        case .hostDenied: "host denied"
        case .outOfFuel: "out of fuel"
        case .outOfTime: "out of time"
        case .stopped: "stopped"
        }
    }
}

/// An instruction of a program.
package struct CodeLocation: Hashable, Sendable {
    package let function: UInt32
    /// Offset in the function's code.
    package let offset: UInt32

    package init(function: UInt32, offset: UInt32) {
        self.function = function
        self.offset = offset
    }
}

/// The end of an activation by a fault: what, where, and who called.
package struct Trap: Error, Hashable, Sendable, CustomStringConvertible {
    package let kind: TrapKind
    package let backtrace: Backtrace

    /// The instruction that trapped; nil if nothing was running.
    package var location: CodeLocation? { backtrace.frames.first }

    package var description: String {
        guard let location else { return kind.name }
        return "\(kind.name) in function \(location.function) at byte \(location.offset)"
    }
}

/// The calls that led to a place, innermost first.
package struct Backtrace: Hashable, Sendable {
    /// The trapping instruction, then the call instruction of each caller.
    package let frames: [CodeLocation]
    /// Outer callers left out.
    package let omitted: Int

    /// Most frames kept.
    package static let limit = 64

    /// One frame in terms of the source.
    package struct SourceFrame: Hashable, Sendable, CustomStringConvertible {
        package let location: CodeLocation
        package let function: String?
        package let file: String?
        package let line: UInt32?

        package var description: String {
            let name = function ?? "function \(location.function)"
            guard let file, let line else { return "\(name) at byte \(location.offset)" }
            return "\(name) at \(file):\(line)"
        }
    }

    package func symbolicated(_ debug: DebugInfo) -> [SourceFrame] {
        frames.map { location in
            let source = debug.location(function: location.function, offset: location.offset)
            return SourceFrame(
                location: location,
                function: debug.name(function: location.function),
                file: source?.file,
                line: source?.line
            )
        }
    }
}
