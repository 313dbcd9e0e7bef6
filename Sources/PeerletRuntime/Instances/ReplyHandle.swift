package import KBR
package import Wire

/// Permission to answer one request, as eighty bytes that any node may use (`Spec/node.md` §3.4).
///
/// Only its origin can make or check one: the code binds all fields to the origin's secret.
package struct ReplyHandle: Hashable, Sendable {
    /// The node that waits for the answer.
    package var origin: Identifier
    /// First sixteen bytes of SHA-256 over the instance that waits.
    package var instanceTag: Octets16
    package var nonce: UInt64
    /// When the origin stops waiting, on its own wall clock.
    package var deadline: UInt64
    /// First sixteen bytes of an HMAC-SHA256 over the fields above.
    package var code: Octets16

    package static let byteCount = 80

    package init(
        origin: Identifier,
        instanceTag: Octets16,
        nonce: UInt64,
        deadline: UInt64,
        code: Octets16
    ) {
        self.origin = origin
        self.instanceTag = instanceTag
        self.nonce = nonce
        self.deadline = deadline
        self.code = code
    }
}

extension ReplyHandle: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        origin = try Identifier(from: &reader)
        instanceTag = try Octets16(from: &reader)
        nonce = try reader.u64("reply handle nonce")
        deadline = try reader.u64("reply handle deadline")
        code = try Octets16(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        origin.encode(to: &writer)
        instanceTag.encode(to: &writer)
        writer.u64(nonce)
        writer.u64(deadline)
        code.encode(to: &writer)
    }
}
