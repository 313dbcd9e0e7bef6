internal import PeerletBytecode

/// Handlers of the loads.
enum LoadTable {
    static func handlers(_ opcode: Opcode) -> LoadHandlers {
        switch opcode {
        case .load8U: load8U
        case .load8S: load8S
        case .load16U: load16U
        case .load16S: load16S
        case .load32U: load32U
        case .load32S: load32S
        default: load64
        }
    }

    private static let load8U = LoadHandlers(
        s: Operation { unsafe Load8U.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load8U.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load8U.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load8U.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load8U.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load8U.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load8U.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load8U.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load8S = LoadHandlers(
        s: Operation { unsafe Load8S.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load8S.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load8S.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load8S.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load8S.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load8S.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load8S.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load8S.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load16U = LoadHandlers(
        s: Operation { unsafe Load16U.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load16U.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load16U.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load16U.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load16U.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load16U.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load16U.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load16U.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load16S = LoadHandlers(
        s: Operation { unsafe Load16S.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load16S.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load16S.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load16S.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load16S.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load16S.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load16S.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load16S.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load32U = LoadHandlers(
        s: Operation { unsafe Load32U.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load32U.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load32U.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load32U.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load32U.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load32U.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load32U.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load32U.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load32S = LoadHandlers(
        s: Operation { unsafe Load32S.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load32S.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load32S.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load32S.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load32S.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load32S.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load32S.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load32S.tA($0, $1, $2, $3, $4, $5) }
    )

    private static let load64 = LoadHandlers(
        s: Operation { unsafe Load64.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Load64.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Load64.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Load64.xA($0, $1, $2, $3, $4, $5) },
        ss: Operation { unsafe Load64.ss($0, $1, $2, $3, $4, $5) },
        ssA: Operation { unsafe Load64.ssA($0, $1, $2, $3, $4, $5) },
        t: Operation { unsafe Load64.t($0, $1, $2, $3, $4, $5) },
        tA: Operation { unsafe Load64.tA($0, $1, $2, $3, $4, $5) }
    )
}

private enum Load8U: LoadOperation {
    typealias Value = UInt8

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end1
    }
}

private enum Load8S: LoadOperation {
    typealias Value = Int8

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end1
    }
}

private enum Load16U: LoadOperation {
    typealias Value = UInt16

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end2
    }
}

private enum Load16S: LoadOperation {
    typealias Value = Int16

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end2
    }
}

private enum Load32U: LoadOperation {
    typealias Value = UInt32

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end4
    }
}

private enum Load32S: LoadOperation {
    typealias Value = Int32

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end4
    }
}

private enum Load64: LoadOperation {
    typealias Value = UInt64

    @inline(__always)
    static func end(_ state: UnsafeMutablePointer<ExecutionState>) -> UInt64 {
        unsafe state.pointee.end8
    }
}
