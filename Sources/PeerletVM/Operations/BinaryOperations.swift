// Arithmetic of 64 bits, modulo 2^64; counts of shifts and rotations modulo 64.

enum Add: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &+ b }
}

enum Subtract: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &- b }
}

enum Multiply: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &* b }
}

enum And: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a & b }
}

enum Or: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a | b }
}

enum ExclusiveOr: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a ^ b }
}

enum ShiftLeft: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &<< b }
}

enum ShiftRightSigned: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 {
        UInt64(bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b))
    }
}

enum ShiftRight: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &>> b }
}

enum RotateLeft: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &<< b | a &>> (0 &- b) }
}

enum RotateRight: BinaryOperation {
    @inline(__always)
    static func apply(_ a: UInt64, _ b: UInt64) -> UInt64 { a &>> b | a &<< (0 &- b) }
}

// Arithmetic of 32 bits; counts modulo 32.

enum Add32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &+ b }
}

enum Subtract32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &- b }
}

enum Multiply32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &* b }
}

enum And32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a & b }
}

enum Or32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a | b }
}

enum ExclusiveOr32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a ^ b }
}

enum ShiftLeft32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &<< b }
}

enum ShiftRightSigned32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 {
        UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: b))
    }
}

enum ShiftRight32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &>> b }
}

enum RotateLeft32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &<< b | a &>> (0 &- b) }
}

enum RotateRight32: WordOperation {
    @inline(__always)
    static func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a &>> b | a &<< (0 &- b) }
}
