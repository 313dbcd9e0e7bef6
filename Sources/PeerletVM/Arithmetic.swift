/// Integer operations of `Spec/isa/execution.md` §3 on any guest value; none can trap the host.
enum Arithmetic {
    @inline(__always)
    static func unsigned(_ value: Int64) -> UInt64 { UInt64(bitPattern: value) }

    /// The low 32 bits, signed.
    @inline(__always)
    static func low(_ value: Int64) -> Int32 { Int32(truncatingIfNeeded: value) }

    /// The low 32 bits, unsigned.
    @inline(__always)
    static func lowUnsigned(_ value: Int64) -> UInt32 { UInt32(truncatingIfNeeded: value) }

    /// Zero-extended, as every 32-bit result is.
    @inline(__always)
    static func extended(_ value: Int32) -> Int64 { Int64(UInt32(bitPattern: value)) }

    /// Nil on division by zero and where the quotient does not fit.
    @inline(__always)
    static func quotient<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T? {
        let (value, overflow) = dividend.dividedReportingOverflow(by: divisor)
        return overflow ? nil : value
    }

    /// Nil on division by zero alone: the smallest value modulo -1 is 0.
    @inline(__always)
    static func remainder<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T? {
        divisor == 0 ? nil : dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
    }

    @inline(__always)
    static func rotatedLeft<T: FixedWidthInteger & UnsignedInteger>(_ bits: T, _ count: T) -> T {
        bits &<< count | bits &>> (0 &- count)
    }
}

/// Stack effects of the arithmetic instructions: operands at the top, `top` the first free cell.
extension ValueStack.Cells {
    @inline(__always)
    func unary(_ top: Int, _ operation: (Int64) -> Int64) {
        self[top &- 1] = operation(self[top &- 1])
    }

    @inline(__always)
    func binary(_ top: inout Int, _ operation: (Int64, Int64) -> Int64) {
        top &-= 1
        self[top &- 1] = operation(self[top &- 1], self[top])
    }

    @inline(__always)
    func unsigned(_ top: inout Int, _ operation: (UInt64, UInt64) -> UInt64) {
        binary(&top) {
            Int64(bitPattern: operation(Arithmetic.unsigned($0), Arithmetic.unsigned($1)))
        }
    }

    /// On the low 32 bits, result zero-extended.
    @inline(__always)
    func unsigned32(_ top: inout Int, _ operation: (UInt32, UInt32) -> UInt32) {
        binary(&top) {
            Int64(operation(Arithmetic.lowUnsigned($0), Arithmetic.lowUnsigned($1)))
        }
    }

    @inline(__always)
    func test(_ top: inout Int, _ condition: (Int64, Int64) -> Bool) {
        binary(&top) { condition($0, $1) ? 1 : 0 }
    }

    /// A division; nil, with its operands in place, if it faults.
    @inline(__always)
    func divide(_ top: inout Int, _ operation: (Int64, Int64) -> Int64?) -> TrapKind? {
        let divisor = self[top &- 1]
        guard let result = operation(self[top &- 2], divisor) else {
            return divisor == 0 ? .divisionByZero : .integerOverflow
        }
        top &-= 1
        self[top &- 1] = result
        return nil
    }

    @inline(__always)
    func divide32(_ top: inout Int, _ operation: (Int32, Int32) -> Int32?) -> TrapKind? {
        let divisor = Arithmetic.low(self[top &- 1])
        guard let result = operation(Arithmetic.low(self[top &- 2]), divisor) else {
            return divisor == 0 ? .divisionByZero : .integerOverflow
        }
        top &-= 1
        self[top &- 1] = Arithmetic.extended(result)
        return nil
    }
}
