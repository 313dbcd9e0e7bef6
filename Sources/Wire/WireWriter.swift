/// Writes the fields that `WireReader` reads.
package struct WireWriter: Sendable {
    @usableFromInline package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    @inlinable package mutating func u8(_ value: UInt8) { append(value) }

    @usableFromInline package mutating func append(_ value: UInt8) { bytes.append(value) }

    package mutating func u16(_ value: UInt16) { integer(value.bigEndian) }

    package mutating func u32(_ value: UInt32) { integer(value.bigEndian) }

    package mutating func u64(_ value: UInt64) { integer(value.bigEndian) }

    /// All bytes at once: a message has hundreds of fields a second.
    @inline(__always)
    private mutating func integer(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Four words, as identifiers are.
    package mutating func words(_ words: (UInt64, UInt64, UInt64, UInt64)) {
        let ordered = (
            words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
        )
        unsafe withUnsafeBytes(of: ordered) { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            u8(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        u8(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func signedVarint(_ value: Int64) {
        var rest = value
        while true {
            let group = UInt8(truncatingIfNeeded: rest) & 0x7F
            rest >>= 7
            let isLast = (rest == 0 && group & 0x40 == 0) || (rest == -1 && group & 0x40 != 0)
            u8(isLast ? group : group | 0x80)
            if isLast { return }
        }
    }

    package mutating func raw(_ data: some Sequence<UInt8>) { bytes.append(contentsOf: data) }

    package mutating func raw(_ data: [UInt8]) { bytes.append(contentsOf: data) }

    package mutating func prefixedBytes(_ data: [UInt8]) {
        varint(UInt64(data.count))
        raw(data)
    }

    package mutating func prefixedText(_ text: String) { prefixedBytes(Array(text.utf8)) }
}
