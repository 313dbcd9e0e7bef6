/// Exact integers of constant expressions (`Spec/assembly-language.md` §2.3).
enum ConstantArithmetic {
    enum Failure: Error { case overflow, divisionByZero, shiftCount }

    static let lowest = Int128(Int64.min)
    static let highest = Int128(UInt64.max)

    /// The 64 bits that stand in the image.
    static func pattern(_ value: Int128) -> UInt64 { UInt64(truncatingIfNeeded: value) }

    static func checked(_ value: Int128) throws(Failure) -> Int128 {
        guard value >= lowest, value <= highest else { throw .overflow }
        return value
    }

    static func apply(_ sign: UnaryOperator, _ value: Int128) throws(Failure) -> Int128 {
        switch sign {
        case .negate: try checked(-value)
        case .complement: Int128(Int64(bitPattern: ~pattern(value)))
        case .not: value == 0 ? 1 : 0
        }
    }

    static func apply(
        _ sign: BinaryOperator,
        _ left: Int128,
        _ right: Int128
    ) throws(Failure) -> Int128 {
        // Both are within 65 bits, so sums and differences cannot overflow 128.
        switch sign {
        case .add: try checked(left + right)
        case .subtract: try checked(left - right)
        case .multiply:
            try product(left, right)
        case .divide: try checked(left / nonzero(right))
        case .remainder: left % (try nonzero(right))
        case .divideU: Int128(pattern(left) / pattern(try nonzero(right)))
        case .remainderU: Int128(pattern(left) % pattern(try nonzero(right)))
        case .and: bits(left, right, pattern(left) & pattern(right))
        case .or: bits(left, right, pattern(left) | pattern(right))
        case .xor: bits(left, right, pattern(left) ^ pattern(right))
        case .shiftLeft: try checked(left << count(right))
        case .shiftRight: left >> (try count(right))
        case .shiftRightU: Int128(pattern(left) >> UInt64(try count(right)))
        case .equal: pattern(left) == pattern(right) ? 1 : 0
        case .notEqual: pattern(left) != pattern(right) ? 1 : 0
        case .less: left < right ? 1 : 0
        case .lessEqual: left <= right ? 1 : 0
        case .greater: left > right ? 1 : 0
        case .greaterEqual: left >= right ? 1 : 0
        case .lessU: pattern(left) < pattern(right) ? 1 : 0
        case .lessEqualU: pattern(left) <= pattern(right) ? 1 : 0
        case .greaterU: pattern(left) > pattern(right) ? 1 : 0
        case .greaterEqualU: pattern(left) >= pattern(right) ? 1 : 0
        case .orElse: left != 0 || right != 0 ? 1 : 0
        case .andAlso: left != 0 && right != 0 ? 1 : 0
        }
    }

    private static func product(_ left: Int128, _ right: Int128) throws(Failure) -> Int128 {
        let (value, overflow) = left.multipliedReportingOverflow(by: right)
        if overflow { throw .overflow }
        return try checked(value)
    }

    private static func nonzero(_ value: Int128) throws(Failure) -> Int128 {
        guard value != 0 else { throw .divisionByZero }
        return value
    }

    private static func count(_ value: Int128) throws(Failure) -> Int128 {
        guard value >= 0, value <= 63 else { throw .shiftCount }
        return value
    }

    /// Negative if an operand was, so that `-1 & ~7` stays a small negative number.
    private static func bits(_ left: Int128, _ right: Int128, _ pattern: UInt64) -> Int128 {
        left < 0 || right < 0 ? Int128(Int64(bitPattern: pattern)) : Int128(pattern)
    }
}
