internal import PeerletBytecode

/// A division: nil on division by zero and, for quotients, where the result does not fit.
protocol DivisionOperation {
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64?
    /// Whether the divisor is zero, which tells the two faults apart.
    static func isZero(_ b: UInt64) -> Bool
}

extension DivisionOperation {
    @inline(__always)
    static func ss(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe divide(c[p.index(10)], c[p.index(12)], p, c, m, a, f, s)
    }

    @inline(__always)
    static func si(_ p: Code, _ c: Cells, _ m: Bytes, _ a: UInt64, _ f: Gauge, _ s: Shared) {
        unsafe divide(c[p.index(10)], p.immediate(12), p, c, m, a, f, s)
    }

    @inline(__always)
    private static func divide(
        _ dividend: UInt64,
        _ divisor: UInt64,
        _ p: Code,
        _ c: Cells,
        _ m: Bytes,
        _ a: UInt64,
        _ f: Gauge,
        _ s: Shared
    ) {
        guard let value = apply(dividend, divisor) else {
            if isZero(divisor) {
                return unsafe leave(p, c, .divisionByZero, a, f, s)
            }
            return unsafe leave(p, c, .integerOverflow, a, f, s)
        }
        unsafe c[p.index(8)] = value
        unsafe next(p + 16, c, m, value, f, s)
    }

    @inline(__always)
    static func isZero(_ b: UInt64) -> Bool { b == 0 }
}

/// The same on the low 32 bits; the result is zero-extended.
protocol WordDivision: DivisionOperation {
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32?
}

extension WordDivision {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64? {
        guard let value = apply(UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b)) else {
            return nil
        }
        return UInt64(value)
    }

    @inline(__always)
    static func isZero(_ b: UInt64) -> Bool { UInt32(truncatingIfNeeded: b) == 0 }
}

struct DivisionHandlers: Sendable {
    let ss: Operation
    let si: Operation
}

/// Handlers of the divisions.
enum DivisionTable {
    static func handlers(_ opcode: Opcode) -> DivisionHandlers {
        switch opcode {
        case .divS: divS
        case .divU: divU
        case .remS: remS
        case .remU: remU
        case .divS32: divS32
        case .divU32: divU32
        case .remS32: remS32
        default: remU32
        }
    }

    private static let divS = DivisionHandlers(
        ss: Operation { unsafe QuotientSigned.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe QuotientSigned.si($0, $1, $2, $3, $4, $5) }
    )

    private static let divU = DivisionHandlers(
        ss: Operation { unsafe Quotient.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Quotient.si($0, $1, $2, $3, $4, $5) }
    )

    private static let remS = DivisionHandlers(
        ss: Operation { unsafe RemainderSigned.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RemainderSigned.si($0, $1, $2, $3, $4, $5) }
    )

    private static let remU = DivisionHandlers(
        ss: Operation { unsafe Remainder.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Remainder.si($0, $1, $2, $3, $4, $5) }
    )

    private static let divS32 = DivisionHandlers(
        ss: Operation { unsafe QuotientSigned32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe QuotientSigned32.si($0, $1, $2, $3, $4, $5) }
    )

    private static let divU32 = DivisionHandlers(
        ss: Operation { unsafe Quotient32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Quotient32.si($0, $1, $2, $3, $4, $5) }
    )

    private static let remS32 = DivisionHandlers(
        ss: Operation { unsafe RemainderSigned32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe RemainderSigned32.si($0, $1, $2, $3, $4, $5) }
    )

    private static let remU32 = DivisionHandlers(
        ss: Operation { unsafe Remainder32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Remainder32.si($0, $1, $2, $3, $4, $5) }
    )
}

private enum QuotientSigned: DivisionOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64? {
        Arithmetic.quotient(Int64(bitPattern: a), Int64(bitPattern: b)).map {
            UInt64(bitPattern: $0)
        }
    }
}

private enum Quotient: DivisionOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64? {
        Arithmetic.quotient(a, b)
    }
}

private enum RemainderSigned: DivisionOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64? {
        Arithmetic.remainder(Int64(bitPattern: a), Int64(bitPattern: b)).map {
            UInt64(bitPattern: $0)
        }
    }
}

private enum Remainder: DivisionOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64? {
        Arithmetic.remainder(a, b)
    }
}

private enum QuotientSigned32: WordDivision {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32? {
        Arithmetic.quotient(Int32(bitPattern: a), Int32(bitPattern: b)).map {
            UInt32(bitPattern: $0)
        }
    }
}

private enum Quotient32: WordDivision {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32? {
        Arithmetic.quotient(a, b)
    }
}

private enum RemainderSigned32: WordDivision {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32? {
        Arithmetic.remainder(Int32(bitPattern: a), Int32(bitPattern: b)).map {
            UInt32(bitPattern: $0)
        }
    }
}

private enum Remainder32: WordDivision {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32? {
        Arithmetic.remainder(a, b)
    }
}
