/// Sixteen bytes that mean nothing as a number: tags and codes.
package struct Octets16: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// The first sixteen bytes; missing ones are zero.
    package init(prefixOf bytes: [UInt8]) {
        func word(at start: Int) -> UInt64 {
            (start..<start + 8).reduce(0) { word, index in
                word << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0)
            }
        }
        high = word(at: 0)
        low = word(at: 8)
    }

    /// Equality in time that does not depend on where they differ.
    package func equalsInConstantTime(_ other: Self) -> Bool {
        (high ^ other.high) | (low ^ other.low) == 0
    }
}

extension Octets16: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        high = try reader.u64("sixteen bytes")
        low = try reader.u64("sixteen bytes")
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(high)
        writer.u64(low)
    }
}
