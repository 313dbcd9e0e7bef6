internal import KBR
internal import PeerletBytecode

/// The operations of `id.op` (`Spec/abi.md` §4.8).
private enum IdentifierOperation: Int64 {
    case add, subtract, compare, distance, betweenOpen, betweenClosed, prefixLength, minimum
    case shiftLeft, shiftRight, setPrefix

    var takesCount: Bool { self == .shiftLeft || self == .shiftRight || self == .setPrefix }
    var readsSecond: Bool { self != .shiftLeft && self != .shiftRight }
    var usesOut: Bool { self != .compare && self != .prefixLength }
}

extension UpcallExecution {
    func identifierOperation() throws(HostCallStop) -> Int64 {
        let parameter = argument(0)
        let count = parameter >> 8
        guard let operation = IdentifierOperation(rawValue: parameter & 255), count >= 0,
            count <= (operation.takesCount ? 256 : 0)
        else { throw .refused(.argument) }
        let a = try identifier(1)
        let b = operation.readsSecond ? try identifier(2) : .zero
        let out = operation.usesOut ? try range(3, Identifier.byteCount) : nil
        let result: Identifier
        switch operation {
        case .compare: return a < b ? 0 : a == b ? 1 : 2
        case .prefixLength: return Int64(a.sharedPrefix(with: b))
        case .betweenOpen: return Ring.isBetween(a, try identifier(3), b) ? 1 : 0
        case .betweenClosed:
            return RingInterval(after: a, through: b).contains(try identifier(3)) ? 1 : 0
        case .add: result = a &+ b
        case .subtract: result = a &- b
        case .distance: result = b &- a
        case .minimum: result = min(a, b)
        case .shiftLeft: result = a.shiftedLeft(Int(count))
        case .shiftRight: result = a.shiftedRight(Int(count))
        case .setPrefix: result = a.joined(b, prefix: Int(count))
        }
        if let out { try write(result.bytes, to: out) }
        return 0
    }

    func multiplyAdd() throws(HostCallStop) -> Int64 {
        let factor = try number(2, in: 0...255)
        let length = try number(3, in: 0...Int64(Int32.max))
        let target = try range(0, length)
        let source = try range(1, length)
        var sum = try load(target)
        let other = try load(source)
        let products = GaloisField.products(of: UInt8(truncatingIfNeeded: factor))
        for index in sum.indices { sum[index] ^= products[Int(other[index])] }
        try write(sum, to: target)
        return 0
    }
}

/// GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1.
enum GaloisField {
    /// Products of `factor` with every element.
    static func products(of factor: UInt8) -> [UInt8] { table[Int(factor)] }

    private static let table: [[UInt8]] = (0...255).map { factor in
        (0...255).map { product(factor, $0) }
    }

    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        var product: UInt8 = 0
        var power = a
        for bit in 0..<8 {
            if b >> UInt8(bit) & 1 == 1 { product ^= power }
            power = power << 1 ^ (power & 0x80 == 0 ? 0 : 0x1D)
        }
        return product
    }
}

extension Identifier {
    /// Leading bits that both share, 0 to 256.
    func sharedPrefix(with other: Identifier) -> Int {
        let pairs = [
            (words.0, other.words.0), (words.1, other.words.1), (words.2, other.words.2),
            (words.3, other.words.3),
        ]
        var shared = 0
        for (left, right) in pairs {
            let zeros = (left ^ right).leadingZeroBitCount
            shared += zeros
            if zeros < 64 { break }
        }
        return shared
    }

    /// Bits that move out are lost; `count` is 0 to 256.
    func shiftedLeft(_ count: Int) -> Identifier {
        let (whole, bits) = (count / 64, UInt64(count % 64))
        let list = [words.0, words.1, words.2, words.3]
        func word(_ index: Int) -> UInt64 { index < 4 ? list[index] : 0 }
        let shifted = (0..<4).map { index in
            // Swift's smart shift gives zero for a shift by 64.
            word(index + whole) << bits | word(index + whole + 1) >> (64 - bits)
        }
        return Identifier(words: (shifted[0], shifted[1], shifted[2], shifted[3]))
    }

    func shiftedRight(_ count: Int) -> Identifier {
        let (whole, bits) = (count / 64, UInt64(count % 64))
        let list = [words.0, words.1, words.2, words.3]
        func word(_ index: Int) -> UInt64 { index >= 0 ? list[index] : 0 }
        let shifted = (0..<4).map { index in
            word(index - whole) >> bits | word(index - whole - 1) << (64 - bits)
        }
        return Identifier(words: (shifted[0], shifted[1], shifted[2], shifted[3]))
    }

    /// The first `prefix` bits of this identifier, then the rest of `other`.
    func joined(_ other: Identifier, prefix: Int) -> Identifier {
        let rest = 256 - prefix
        let high = shiftedRight(rest).shiftedLeft(rest)
        return high &+ other.shiftedLeft(prefix).shiftedRight(prefix)
    }
}
