/// One unit on a connection: a kind and its body (`Spec/wire.md` §1).
package struct Frame: Hashable, Sendable {
    package var kind: UInt8
    package var body: [UInt8]

    package init(kind: UInt8, body: [UInt8]) {
        self.kind = kind
        self.body = body
    }

    /// Length prefix (u32, counts kind and body), kind, body.
    package func encode(to writer: inout WireWriter) {
        writer.u32(UInt32(truncatingIfNeeded: body.count + 1))
        writer.u8(kind)
        writer.raw(body)
    }
}

/// Cuts a stream of bytes into frames; used by sockets, simulator and fuzzers alike.
///
/// A length of zero or above the limit is refused as soon as its four bytes are there.
package struct FrameParser: Sendable {
    private var buffer: [UInt8] = []
    private var consumed = 0
    /// Largest body accepted, bytes; raised once the peer is accepted.
    package var limit: Int

    package init(limit: Int = WireLimits.frame) { self.limit = limit }

    /// Bytes received and not yet returned as frames.
    package var pending: Int { buffer.count - consumed }

    package mutating func receive(_ bytes: some Sequence<UInt8>) {
        if consumed > 0, consumed == buffer.count || consumed > 64 * 1024 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, nil if more bytes are needed.
    package mutating func next() throws(WireError) -> Frame? {
        guard pending >= 4 else { return nil }
        var length = 0
        for index in consumed..<consumed + 4 { length = length << 8 | Int(buffer[index]) }
        guard length >= 1 else {
            throw WireError(
                field: "frame length",
                offset: 0,
                reason: .invalid("a frame has at least its kind")
            )
        }
        guard length - 1 <= limit else {
            throw WireError(
                field: "frame length",
                offset: 0,
                reason: .tooLarge(value: UInt64(length - 1), limit: UInt64(limit))
            )
        }
        guard pending >= 4 + length else { return nil }
        let start = consumed + 5
        let end = consumed + 4 + length
        let frame = Frame(kind: buffer[consumed + 4], body: Array(buffer[start..<end]))
        consumed = end
        return frame
    }
}
