/// Logarithms and powers of two in whole numbers: the same bits on every machine, which no
/// mathematics library promises.
package enum BinaryLogarithm {
    /// Bits after the point of results and exponents.
    package static let fractionBits: UInt64 = 32
    package static let one: UInt64 = 1 << fractionBits

    /// log2 of `value`, which is at least 1, with 32 bits after the point, rounded down.
    package static func log2(_ value: UInt64) -> UInt64 {
        guard value > 0 else { return 0 }
        let exponent = UInt64(63 - value.leadingZeroBitCount)
        // The mantissa in [1, 2) with 63 bits after the point; squaring it gives bit after bit.
        var mantissa = value << (63 - exponent)
        var result = exponent
        for _ in 0..<fractionBits {
            let square = mantissa.multipliedFullWidth(by: mantissa)
            result <<= 1
            if square.high >> 63 == 1 {
                mantissa = square.high
                result |= 1
            } else {
                mantissa = square.high << 1 | square.low >> 63
            }
        }
        return result
    }

    /// 2^exponent times `scale`, the exponent with 32 bits after the point; saturates.
    package static func power(_ exponent: Int64, times scale: UInt64) -> UInt64 {
        let whole = exponent >> Int64(fractionBits)
        let fraction = UInt64(bitPattern: exponent) & (one - 1)
        // In [1, 2) with 63 bits after the point.
        var mantissa: UInt64 = 1 << 63
        for (index, root) in roots.enumerated()
        where fraction >> (fractionBits - 1 - UInt64(index)) & 1 == 1 {
            let product = mantissa.multipliedFullWidth(by: root)
            mantissa = product.high << 1 | product.low >> 63
        }
        let product = mantissa.multipliedFullWidth(by: scale)
        let wide = UInt128(product.high) << 64 | UInt128(product.low)
        let shift = 63 - whole
        if shift >= 128 { return 0 }
        guard shift >= 0 else { return scale == 0 ? 0 : .max }
        return UInt64(clamping: wide >> UInt128(shift))
    }

    /// 2^(1/2), 2^(1/4), 2^(1/8), … with 63 bits after the point.
    private static let roots: [UInt64] = {
        var roots: [UInt64] = []
        var wide = UInt128(1) << 127
        for _ in 0..<fractionBits {
            let root = squareRoot(wide)
            roots.append(root)
            wide = UInt128(root) << 63
        }
        return roots
    }()

    /// The whole root, rounded down.
    package static func squareRoot(_ value: UInt128) -> UInt64 {
        var low: UInt64 = 0
        var high = UInt64.max
        while low < high {
            let middle = low + (high - low) / 2 + 1
            let square = middle.multipliedFullWidth(by: middle)
            if UInt128(square.high) << 64 | UInt128(square.low) <= value {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }
}
