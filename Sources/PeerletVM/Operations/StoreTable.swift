internal import PeerletBytecode

/// Handlers of the stores.
enum StoreTable {
    static func handlers(_ opcode: Opcode) -> StoreHandlers {
        switch opcode {
        case .store8: store8
        case .store16: store16
        case .store32: store32
        default: store64
        }
    }

    private static let store8 = StoreHandlers(
        ss: Operation { unsafe Store8.ss($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Store8.sx($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Store8.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Store8.xs($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Store8.xi($0, $1, $2, $3, $4, $5) }
    )

    private static let store16 = StoreHandlers(
        ss: Operation { unsafe Store16.ss($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Store16.sx($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Store16.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Store16.xs($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Store16.xi($0, $1, $2, $3, $4, $5) }
    )

    private static let store32 = StoreHandlers(
        ss: Operation { unsafe Store32.ss($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Store32.sx($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Store32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Store32.xs($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Store32.xi($0, $1, $2, $3, $4, $5) }
    )

    private static let store64 = StoreHandlers(
        ss: Operation { unsafe Store64.ss($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Store64.sx($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Store64.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Store64.xs($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Store64.xi($0, $1, $2, $3, $4, $5) }
    )
}

private enum Store8: StoreOperation {
    typealias Value = UInt8

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end1
    }
}

private enum Store16: StoreOperation {
    typealias Value = UInt16

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end2
    }
}

private enum Store32: StoreOperation {
    typealias Value = UInt32

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end4
    }
}

private enum Store64: StoreOperation {
    typealias Value = UInt64

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end8
    }
}
