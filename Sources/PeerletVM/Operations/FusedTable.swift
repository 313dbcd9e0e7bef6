internal import PeerletBytecode

/// Handlers of an exclusive or with one shift or rotation.
struct MixHandlers: Sendable {
    let s: Operation
    let sA: Operation
    let x: Operation
    let xA: Operation
}

/// Handlers of one operation with an immediate of 64 bits.
struct WideHandlers: Sendable {
    let s: Operation
    let sA: Operation
    let x: Operation
    let xA: Operation
}

/// Handlers that do the work of two instructions.
enum FusedTable {
    static let multiplyAddS = Operation {
        unsafe FusedOperation.multiplyAddS($0, $1, $2, $3, $4, $5)
    }
    static let multiplyAddX = Operation {
        unsafe FusedOperation.multiplyAddX($0, $1, $2, $3, $4, $5)
    }
    static let extractS = Operation { unsafe FusedOperation.extractS($0, $1, $2, $3, $4, $5) }
    static let extractSA = Operation { unsafe FusedOperation.extractSA($0, $1, $2, $3, $4, $5) }
    static let extractX = Operation { unsafe FusedOperation.extractX($0, $1, $2, $3, $4, $5) }
    static let extractXA = Operation { unsafe FusedOperation.extractXA($0, $1, $2, $3, $4, $5) }
    static let zeroS = Operation { unsafe BitTest.zeroS($0, $1, $2, $3, $4, $5) }
    static let zeroX = Operation { unsafe BitTest.zeroX($0, $1, $2, $3, $4, $5) }
    static let someS = Operation { unsafe BitTest.someS($0, $1, $2, $3, $4, $5) }
    static let someX = Operation { unsafe BitTest.someX($0, $1, $2, $3, $4, $5) }

    static func mix(_ opcode: Opcode) -> MixHandlers? {
        switch opcode {
        case .shl: shl
        case .shrU: shrU
        case .rotl: rotl
        case .rotr: rotr
        case .shrU32: shrU32
        case .rotl32: rotl32
        case .rotr32: rotr32
        default: nil
        }
    }

    static func wide(_ opcode: Opcode) -> WideHandlers? {
        switch opcode {
        case .add: add
        case .mul: mul
        case .and: and
        case .xor: xor
        default: nil
        }
    }

    private static let shl = MixHandlers(
        s: Operation { unsafe ShiftLeft.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe ShiftLeft.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe ShiftLeft.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe ShiftLeft.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let shrU = MixHandlers(
        s: Operation { unsafe ShiftRight.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe ShiftRight.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe ShiftRight.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe ShiftRight.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let rotl = MixHandlers(
        s: Operation { unsafe RotateLeft.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe RotateLeft.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe RotateLeft.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe RotateLeft.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let rotr = MixHandlers(
        s: Operation { unsafe RotateRight.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe RotateRight.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe RotateRight.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe RotateRight.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let shrU32 = MixHandlers(
        s: Operation { unsafe ShiftRight32.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe ShiftRight32.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe ShiftRight32.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe ShiftRight32.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let rotl32 = MixHandlers(
        s: Operation { unsafe RotateLeft32.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe RotateLeft32.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe RotateLeft32.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe RotateLeft32.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let rotr32 = MixHandlers(
        s: Operation { unsafe RotateRight32.mixS($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe RotateRight32.mixSA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe RotateRight32.mixX($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe RotateRight32.mixXA($0, $1, $2, $3, $4, $5) }
    )

    private static let add = WideHandlers(
        s: Operation { unsafe Add.sw($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Add.swA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Add.xw($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Add.xwA($0, $1, $2, $3, $4, $5) }
    )

    private static let mul = WideHandlers(
        s: Operation { unsafe Multiply.sw($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Multiply.swA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Multiply.xw($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Multiply.xwA($0, $1, $2, $3, $4, $5) }
    )

    private static let and = WideHandlers(
        s: Operation { unsafe And.sw($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe And.swA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe And.xw($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe And.xwA($0, $1, $2, $3, $4, $5) }
    )

    private static let xor = WideHandlers(
        s: Operation { unsafe ExclusiveOr.sw($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe ExclusiveOr.swA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe ExclusiveOr.xw($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe ExclusiveOr.xwA($0, $1, $2, $3, $4, $5) }
    )
}
