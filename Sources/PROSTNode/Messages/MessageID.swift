package import Wire

/// Names one message across hops, reroutes and retries; drawn at random by its origin.
package struct MessageID: Hashable, Comparable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package var bytes: [UInt8] { wireBytes }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension MessageID: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        high = try reader.u64("message id")
        low = try reader.u64("message id")
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(high)
        writer.u64(low)
    }
}

extension MessageID: CustomStringConvertible {
    package var description: String { Self.text(bytes) }

    /// What made a node load code: a message, or a word for what the node itself did.
    package static func cause(_ bytes: [UInt8]) -> String {
        bytes.count == 16 ? text(bytes) : String(decoding: bytes, as: UTF8.self)
    }

    /// The first twelve hexadecimal digits, as people read it.
    package static func text(_ bytes: [UInt8]) -> String {
        String(Hexadecimal.text(bytes).prefix(12))
    }
}
