/// Reads big-endian fields from bytes that nobody vouches for: every read is bounds-checked and
/// every length is checked against a limit before anything is allocated.
package struct WireReader: Sendable {
    @usableFromInline package let bytes: [UInt8]
    @usableFromInline package private(set) var position: Int
    @usableFromInline package let end: Int
    /// Where offsets in errors are counted from.
    private let origin: Int

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
        origin = 0
    }

    private init(_ bytes: [UInt8], from start: Int, to end: Int, origin: Int) {
        self.bytes = bytes
        position = start
        self.end = end
        self.origin = origin
    }

    package var remaining: Int { end - position }
    package var isAtEnd: Bool { position == end }
    /// Offset of the next byte, as errors report it.
    package var offset: Int { position - origin }

    package func error(_ field: String, _ reason: WireError.Reason) -> WireError {
        WireError(field: field, offset: offset, reason: reason)
    }

    private mutating func take(_ count: Int, _ field: String) throws(WireError) -> Int {
        guard count >= 0, count <= remaining else {
            throw error(field, .truncated(needed: count, available: remaining))
        }
        defer { position += count }
        return position
    }

    package mutating func u8(_ field: String) throws(WireError) -> UInt8 {
        bytes[try take(1, field)]
    }

    package mutating func u16(_ field: String) throws(WireError) -> UInt16 {
        UInt16(truncatingIfNeeded: try unsigned(2, field))
    }

    package mutating func u32(_ field: String) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try unsigned(4, field))
    }

    package mutating func u64(_ field: String) throws(WireError) -> UInt64 {
        let start = try take(8, field)
        return unsafe bytes.withUnsafeBytes { bytes in
            UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// Four words, as identifiers are.
    package mutating func words(
        _ field: String
    ) throws(WireError) -> (UInt64, UInt64, UInt64, UInt64) {
        let start = try take(32, field)
        return unsafe bytes.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt64 {
                let offset = start + 8 * index
                return UInt64(
                    bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                )
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    private mutating func unsigned(_ width: Int, _ field: String) throws(WireError) -> UInt64 {
        let start = try take(width, field)
        var value: UInt64 = 0
        for index in start..<start + width { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    /// An unsigned LEB128 integer of at most `limit`; only its shortest form is accepted.
    package mutating func varint(
        _ field: String,
        limit: UInt64 = .max
    ) throws(WireError) -> UInt64 {
        let start = self
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8(field)
            let group = UInt64(byte & 0x7F)
            guard shift < 63 || (shift == 63 && group <= 1) else {
                throw start.error(field, .invalid("integer is longer than 64 bits"))
            }
            value |= group << shift
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else {
                    throw start.error(field, .notCanonical("padded integer"))
                }
                break
            }
            shift += 7
        }
        guard value <= limit else {
            throw start.error(field, .tooLarge(value: value, limit: limit))
        }
        return value
    }

    /// A signed LEB128 integer in its shortest form.
    package mutating func signedVarint(_ field: String) throws(WireError) -> Int64 {
        let start = self
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var previous: UInt8?
        while true {
            let byte = try u8(field)
            let group = byte & 0x7F
            if shift == 63, group != 0, group != 0x7F {
                throw start.error(field, .invalid("integer is longer than 64 bits"))
            }
            if shift > 63 {
                throw start.error(field, .invalid("integer is longer than 64 bits"))
            }
            value |= UInt64(group) << shift
            shift += 7
            if byte & 0x80 == 0 {
                let isNegative = group & 0x40 != 0
                if isNegative, shift < 64 { value |= UInt64.max << shift }
                if let previous, group == (previous & 0x40 != 0 ? 0x7F : 0) {
                    throw start.error(field, .notCanonical("padded integer"))
                }
                return Int64(bitPattern: value)
            }
            previous = byte
        }
    }

    package mutating func bytes(_ count: Int, _ field: String) throws(WireError) -> [UInt8] {
        let start = try take(count, field)
        return Array(bytes[start..<start + count])
    }

    /// Bytes after a LEB128 length of at most `limit`.
    package mutating func prefixedBytes(
        _ field: String,
        limit: Int
    ) throws(WireError) -> [UInt8] {
        let length = try varint(field, limit: UInt64(limit))
        return try bytes(Int(length), field)
    }

    /// UTF-8 text after a LEB128 length in bytes of at most `limit`.
    package mutating func prefixedText(_ field: String, limit: Int) throws(WireError) -> String {
        let start = self
        let raw = try prefixedBytes(field, limit: limit)
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw start.error(field, .invalid("not UTF-8"))
        }
        return text
    }

    /// A reader over the next `count` bytes, which this reader skips.
    package mutating func slice(_ count: Int, _ field: String) throws(WireError) -> WireReader {
        let start = try take(count, field)
        return WireReader(bytes, from: start, to: start + count, origin: origin)
    }

    /// Everything that is left.
    package mutating func rest() -> [UInt8] {
        defer { position = end }
        return Array(bytes[position..<end])
    }

    package func expectEnd(_ field: String) throws(WireError) {
        guard isAtEnd else { throw error(field, .trailingBytes(remaining)) }
    }
}
