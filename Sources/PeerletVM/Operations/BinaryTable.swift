internal import PeerletBytecode

/// Handlers of the 64-bit operations.
enum BinaryTable {
    static func handlers(_ opcode: Opcode) -> BinaryHandlers {
        switch opcode {
        case .add: add
        case .sub: sub
        case .mul: mul
        case .and: and
        case .or: or
        case .xor: xor
        case .shl: shl
        case .shrS: shrS
        case .shrU: shrU
        case .rotl: rotl
        default: rotr
        }
    }

    private static let add = BinaryHandlers(
        ss: Operation { unsafe Add.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Add.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Add.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Add.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Add.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Add.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Add.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Add.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let sub = BinaryHandlers(
        ss: Operation { unsafe Subtract.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Subtract.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Subtract.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Subtract.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Subtract.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Subtract.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Subtract.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Subtract.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Subtract.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let mul = BinaryHandlers(
        ss: Operation { unsafe Multiply.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Multiply.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Multiply.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Multiply.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Multiply.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Multiply.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Multiply.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Multiply.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let and = BinaryHandlers(
        ss: Operation { unsafe And.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe And.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe And.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe And.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe And.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe And.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe And.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe And.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let or = BinaryHandlers(
        ss: Operation { unsafe Or.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Or.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Or.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe Or.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Or.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe Or.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Or.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe Or.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let xor = BinaryHandlers(
        ss: Operation { unsafe ExclusiveOr.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ExclusiveOr.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ExclusiveOr.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ExclusiveOr.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ExclusiveOr.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ExclusiveOr.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ExclusiveOr.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ExclusiveOr.xiA($0, $1, $2, $3, $4, $5) }
    )

    private static let shl = BinaryHandlers(
        ss: Operation { unsafe ShiftLeft.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftLeft.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftLeft.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftLeft.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftLeft.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftLeft.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftLeft.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftLeft.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftLeft.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let shrS = BinaryHandlers(
        ss: Operation { unsafe ShiftRightSigned.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftRightSigned.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftRightSigned.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftRightSigned.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftRightSigned.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftRightSigned.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftRightSigned.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftRightSigned.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftRightSigned.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let shrU = BinaryHandlers(
        ss: Operation { unsafe ShiftRight.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe ShiftRight.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe ShiftRight.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe ShiftRight.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe ShiftRight.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe ShiftRight.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe ShiftRight.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe ShiftRight.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe ShiftRight.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let rotl = BinaryHandlers(
        ss: Operation { unsafe RotateLeft.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe RotateLeft.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RotateLeft.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe RotateLeft.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe RotateLeft.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe RotateLeft.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe RotateLeft.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe RotateLeft.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe RotateLeft.sx($0, $1, $2, $3, $4, $5) }
    )

    private static let rotr = BinaryHandlers(
        ss: Operation { unsafe RotateRight.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe RotateRight.ssA($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RotateRight.si($0, $1, $2, $3, $4, $5) },
        siA: Operation { unsafe RotateRight.siA($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe RotateRight.xs($0, $1, $2, $3, $4, $5) },
        xsA: Operation { unsafe RotateRight.xsA($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe RotateRight.xi($0, $1, $2, $3, $4, $5) },
        xiA: Operation { unsafe RotateRight.xiA($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe RotateRight.sx($0, $1, $2, $3, $4, $5) }
    )
}
