internal import PeerletBytecode

/// Handlers of the 32-bit operations.
enum WordTable {
    static func handlers(_ opcode: Opcode) -> BinaryHandlers {
        switch opcode {
        case .add32: add
        case .sub32: sub
        case .mul32: mul
        case .and32: and
        case .or32: or
        case .xor32: xor
        case .shl32: shl
        case .shrS32: shrS
        case .shrU32: shrU
        case .rotl32: rotl
        default: rotr
        }
    }

    private static let add = BinaryHandlers(
        ss: Operation { unsafe Add32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Add32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Add32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Add32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Add32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Add32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Add32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Add32.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let sub = BinaryHandlers(
        ss: Operation { unsafe Subtract32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Subtract32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Subtract32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Subtract32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Subtract32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Subtract32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Subtract32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Subtract32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Subtract32.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let mul = BinaryHandlers(
        ss: Operation { unsafe Multiply32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Multiply32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Multiply32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Multiply32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Multiply32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Multiply32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Multiply32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Multiply32.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let and = BinaryHandlers(
        ss: Operation { unsafe And32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe And32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe And32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe And32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe And32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe And32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe And32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe And32.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let or = BinaryHandlers(
        ss: Operation { unsafe Or32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Or32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Or32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Or32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Or32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Or32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Or32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Or32.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let xor = BinaryHandlers(
        ss: Operation { unsafe ExclusiveOr32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ExclusiveOr32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ExclusiveOr32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ExclusiveOr32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ExclusiveOr32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ExclusiveOr32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ExclusiveOr32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ExclusiveOr32.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let shl = BinaryHandlers(
        ss: Operation { unsafe ShiftLeft32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftLeft32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftLeft32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftLeft32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftLeft32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftLeft32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftLeft32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftLeft32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftLeft32.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let shrS = BinaryHandlers(
        ss: Operation { unsafe ShiftRightSigned32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftRightSigned32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftRightSigned32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftRightSigned32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftRightSigned32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftRightSigned32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftRightSigned32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftRightSigned32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftRightSigned32.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let shrU = BinaryHandlers(
        ss: Operation { unsafe ShiftRight32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftRight32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftRight32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftRight32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftRight32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftRight32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftRight32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftRight32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftRight32.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let rotl = BinaryHandlers(
        ss: Operation { unsafe RotateLeft32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe RotateLeft32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RotateLeft32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe RotateLeft32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe RotateLeft32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe RotateLeft32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe RotateLeft32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe RotateLeft32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe RotateLeft32.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let rotr = BinaryHandlers(
        ss: Operation { unsafe RotateRight32.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe RotateRight32.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RotateRight32.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe RotateRight32.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe RotateRight32.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe RotateRight32.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe RotateRight32.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe RotateRight32.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe RotateRight32.sx($0, $1, $2, $3, $4, $5) }
    )
}
