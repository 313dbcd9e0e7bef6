internal import PeerletBytecode

/// An operation on one cell that cannot fail.
protocol UnaryOperation {
    static func apply(_ a: UInt64) -> UInt64
}

extension UnaryOperation {
    @inline(__always)
    static func s(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = unsafe apply(c[p.index(10)])
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func sA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(c[p.index(10)]), f, s)
    }

    @inline(__always)
    static func x(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        let value = apply(a)
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func xA(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe next(p + 16, c, m, apply(a), f, s)
    }
}

/// Handlers of one operation; as `BinaryHandlers`.
struct UnaryHandlers: Sendable {
    let s: Operation
    let sA: Operation
    let x: Operation
    let xA: Operation
}

enum LeadingZeros: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 { UInt64(a.leadingZeroBitCount) }
}

enum TrailingZeros: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 { UInt64(a.trailingZeroBitCount) }
}

enum OneBits: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 { UInt64(a.nonzeroBitCount) }
}

enum Extend8: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: a)))
    }
}

enum Extend16: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: a)))
    }
}

enum Extend32: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: a)))
    }
}

enum Wrap32: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 { a & 0xFFFF_FFFF }
}

enum LeadingZeros32: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: a).leadingZeroBitCount)
    }
}

enum TrailingZeros32: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: a).trailingZeroBitCount)
    }
}

enum OneBits32: UnaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: a).nonzeroBitCount)
    }
}

/// Handlers of the operations on one cell.
enum UnaryTable {
    static func handlers(_ opcode: Opcode) -> UnaryHandlers {
        switch opcode {
        case .clz: clz
        case .ctz: ctz
        case .popcnt: popcnt
        case .extend8: extend8
        case .extend16: extend16
        case .extend32: extend32
        case .wrap32: wrap32
        case .clz32: clz32
        case .ctz32: ctz32
        default: popcnt32
        }
    }

    private static let clz = UnaryHandlers(
        s: Operation { unsafe LeadingZeros.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe LeadingZeros.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe LeadingZeros.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe LeadingZeros.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let ctz = UnaryHandlers(
        s: Operation { unsafe TrailingZeros.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe TrailingZeros.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe TrailingZeros.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe TrailingZeros.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let popcnt = UnaryHandlers(
        s: Operation { unsafe OneBits.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe OneBits.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe OneBits.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe OneBits.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let extend8 = UnaryHandlers(
        s: Operation { unsafe Extend8.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Extend8.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Extend8.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Extend8.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let extend16 = UnaryHandlers(
        s: Operation { unsafe Extend16.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Extend16.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Extend16.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Extend16.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let extend32 = UnaryHandlers(
        s: Operation { unsafe Extend32.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Extend32.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Extend32.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Extend32.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let wrap32 = UnaryHandlers(
        s: Operation { unsafe Wrap32.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe Wrap32.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe Wrap32.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe Wrap32.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let clz32 = UnaryHandlers(
        s: Operation { unsafe LeadingZeros32.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe LeadingZeros32.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe LeadingZeros32.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe LeadingZeros32.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let ctz32 = UnaryHandlers(
        s: Operation { unsafe TrailingZeros32.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe TrailingZeros32.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe TrailingZeros32.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe TrailingZeros32.xA($0, $1, $2, $3, $4, $5) }
    )

    private static let popcnt32 = UnaryHandlers(
        s: Operation { unsafe OneBits32.s($0, $1, $2, $3, $4, $5) },
        sA: Operation { unsafe OneBits32.sA($0, $1, $2, $3, $4, $5) },
        x: Operation { unsafe OneBits32.x($0, $1, $2, $3, $4, $5) },
        xA: Operation { unsafe OneBits32.xA($0, $1, $2, $3, $4, $5) }
    )
}
