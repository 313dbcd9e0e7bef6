import PeerletBytecode
import PeerletVM

/// The arithmetic instructions by their definition, in 128-bit integers and bit by bit.
enum ReferenceArithmetic {
    enum Result: Equatable {
        case value(Int64)
        case trap(TrapKind)
    }

    /// Result of an instruction without immediate that takes one or two cells and gives one.
    static func evaluate(_ opcode: Opcode, _ a: Int64, _ b: Int64) -> Result? {
        let name = "\(opcode)"
        if name.hasSuffix("32"), name != "extend32", name != "wrap32",
            let wide = Opcode.allCases.first(where: { "\($0)" == name.dropLast(2) })
        {
            return evaluate(wide, width: 32, a, b)
        }
        return evaluate(opcode, width: 64, a, b)
    }

    private static func evaluate(
        _ opcode: Opcode,
        width: Int,
        _ a: Int64,
        _ b: Int64
    ) -> Result? {
        let bound = Int128(1) << Int128(width)
        let ua = Int128(UInt64(bitPattern: a)) % bound
        let ub = Int128(UInt64(bitPattern: b)) % bound
        let sa = ua >= bound / 2 ? ua - bound : ua
        let sb = ub >= bound / 2 ? ub - bound : ub
        func result(_ value: Int128) -> Result {
            let low = (value % bound + bound) % bound
            return .value(Int64(truncatingIfNeeded: low))
        }
        func truth(_ value: Bool) -> Result { .value(value ? 1 : 0) }
        func bits(_ value: Int128) -> [Bool] { (0..<width).map { value >> Int128($0) & 1 == 1 } }
        func number(_ bits: [Bool]) -> Result {
            var value: Int128 = 0
            for bit in bits.reversed() { value = value * 2 + (bit ? 1 : 0) }
            return result(value)
        }
        let count = Int(ub % Int128(width))
        let pattern = bits(ua)
        let zeros = [Bool](repeating: false, count: width)
        switch opcode {
        case .add: return result(sa + sb)
        case .sub: return result(sa - sb)
        case .mul: return result(sa * sb)
        case .divS:
            if sb == 0 { return .trap(.divisionByZero) }
            let quotient = sa / sb
            return quotient == bound / 2 ? .trap(.integerOverflow) : result(quotient)
        case .divU: return ub == 0 ? .trap(.divisionByZero) : result(ua / ub)
        case .remS: return sb == 0 ? .trap(.divisionByZero) : result(sa % sb)
        case .remU: return ub == 0 ? .trap(.divisionByZero) : result(ua % ub)
        case .and: return number(zip(pattern, bits(ub)).map { $0 && $1 })
        case .or: return number(zip(pattern, bits(ub)).map { $0 || $1 })
        case .xor: return number(zip(pattern, bits(ub)).map { $0 != $1 })
        case .shl: return number(Array((zeros[..<count] + pattern).prefix(width)))
        case .shrU: return number(Array(pattern[count...] + zeros[..<count]))
        case .shrS:
            let sign = [Bool](repeating: sa < 0, count: count)
            return number(Array(pattern[count...]) + sign)
        case .rotl: return number(Array(pattern[(width - count)...] + pattern[..<(width - count)]))
        case .rotr: return number(Array(pattern[count...] + pattern[..<count]))
        case .clz: return .value(Int64(pattern.reversed().prefix { !$0 }.count))
        case .ctz: return .value(Int64(pattern.prefix { !$0 }.count))
        case .popcnt: return .value(Int64(pattern.count { $0 }))
        case .extend8: return signExtended(a, from: 8)
        case .extend16: return signExtended(a, from: 16)
        case .extend32: return signExtended(a, from: 32)
        case .wrap32: return .value(Int64(ua % (1 << 32)))
        case .eqz: return truth(ua == 0)
        case .eq: return truth(ua == ub)
        case .ne: return truth(ua != ub)
        case .ltS: return truth(sa < sb)
        case .ltU: return truth(ua < ub)
        case .gtS: return truth(sa > sb)
        case .gtU: return truth(ua > ub)
        case .leS: return truth(sa <= sb)
        case .leU: return truth(ua <= ub)
        case .geS: return truth(sa >= sb)
        case .geU: return truth(ua >= ub)
        default: return nil
        }
    }

    private static func signExtended(_ a: Int64, from width: Int) -> Result {
        let bound = Int128(1) << Int128(width)
        let low = Int128(UInt64(bitPattern: a)) % bound
        return .value(Int64(low >= bound / 2 ? low - bound : low))
    }
}
