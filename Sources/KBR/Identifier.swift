package import Wire

/// A point on the identifier circle of 2^256 points (`Spec/identifiers.md`).
public struct Identifier: Hashable, Sendable {
    /// Most significant word first.
    public let words: (UInt64, UInt64, UInt64, UInt64)

    @inlinable
    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    package static let byteCount = 32

    public static let zero = Identifier(words: (0, 0, 0, 0))

    /// Nil unless `bytes` are exactly 32, big-endian.
    @inlinable
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // Each byte moves all of them up by one.
        for byte in bytes {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | words.3 >> 56
            words.3 = words.3 << 8 | UInt64(byte)
        }
        self.words = words
    }

    package var bytes: [UInt8] {
        var writer = WireWriter(capacity: Self.byteCount)
        encode(to: &writer)
        return writer.bytes
    }

    /// Sum on the circle.
    @inlinable
    public static func &+ (left: Self, right: Self) -> Self {
        let (d, carry3) = left.words.3.addingReportingOverflow(right.words.3)
        let (c, carry2) = added(left.words.2, right.words.2, carry3)
        let (b, carry1) = added(left.words.1, right.words.1, carry2)
        let (a, _) = added(left.words.0, right.words.0, carry1)
        return Self(words: (a, b, c, d))
    }

    /// Clockwise distance from `right` to `left`.
    @inlinable
    public static func &- (left: Self, right: Self) -> Self {
        let (d, borrow3) = left.words.3.subtractingReportingOverflow(right.words.3)
        let (c, borrow2) = subtracted(left.words.2, right.words.2, borrow3)
        let (b, borrow1) = subtracted(left.words.1, right.words.1, borrow2)
        let (a, _) = subtracted(left.words.0, right.words.0, borrow1)
        return Self(words: (a, b, c, d))
    }

    /// 2^exponent, for exponents 0 to 255.
    @inlinable
    public static func powerOfTwo(_ exponent: Int) -> Self {
        let bit: UInt64 = 1 << UInt64(exponent % 64)
        return switch exponent / 64 {
        case 0: Self(words: (0, 0, 0, bit))
        case 1: Self(words: (0, 0, bit, 0))
        case 2: Self(words: (0, bit, 0, 0))
        default: Self(words: (bit, 0, 0, 0))
        }
    }

    @inlinable
    static func added(_ a: UInt64, _ b: UInt64, _ carry: Bool) -> (UInt64, Bool) {
        let (sum, first) = a.addingReportingOverflow(b)
        let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
        return (total, first || second)
    }

    @inlinable
    static func subtracted(_ a: UInt64, _ b: UInt64, _ borrow: Bool) -> (UInt64, Bool) {
        let (rest, first) = a.subtractingReportingOverflow(b)
        let (total, second) = rest.subtractingReportingOverflow(borrow ? 1 : 0)
        return (total, first || second)
    }

    @inlinable
    public static func == (left: Self, right: Self) -> Bool {
        left.words.3 == right.words.3 && left.words.2 == right.words.2
            && left.words.1 == right.words.1 && left.words.0 == right.words.0
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension Identifier: Comparable {
    /// Order from zero upwards; on the circle use `RingInterval`.
    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        // Word by word: comparing tuples generically is many times slower without optimization.
        if left.words.0 != right.words.0 { return left.words.0 < right.words.0 }
        if left.words.1 != right.words.1 { return left.words.1 < right.words.1 }
        if left.words.2 != right.words.2 { return left.words.2 < right.words.2 }
        return left.words.3 < right.words.3
    }
}

extension Identifier: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        words = try reader.words("identifier")
    }

    package func encode(to writer: inout WireWriter) {
        writer.words(words)
    }
}

extension Identifier: CustomStringConvertible {
    /// All 64 hexadecimal digits.
    package var hexadecimal: String { Hexadecimal.text(bytes) }

    /// The first eight hexadecimal digits, as people read it.
    public var description: String { String(hexadecimal.prefix(8)) }

    /// Nil unless `hexadecimal` is 64 hexadecimal digits.
    package init?(hexadecimal: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(hexadecimal) else { return nil }
        self.init(bytes: bytes)
    }
}
