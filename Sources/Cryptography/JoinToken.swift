package import Wire

/// An operator's word that a node may join a closed ring until a time (`Spec/identifiers.md` §8).
package struct JoinToken: Hashable, Sendable {
    /// First moment at which it is worth nothing, milliseconds since 1970; 0: never.
    package let expires: UInt64
    package let signature: [UInt8]

    package static let byteCount = 8 + PublicKey.signatureByteCount

    private init(expires: UInt64, signature: [UInt8]) {
        self.expires = expires
        self.signature = signature
    }

    package static func issue(
        ring: String,
        node: PublicKey,
        expires: UInt64,
        operator key: PrivateKey
    ) throws(CryptographyError) -> JoinToken {
        let payload = payload(ring, node, expires)
        return JoinToken(
            expires: expires,
            signature: try key.signature(of: payload, for: .joinToken)
        )
    }

    /// Whether the operator let `node` into `ring` and the token has not expired at `now`,
    /// milliseconds since 1970.
    package func admits(
        _ node: PublicKey,
        to ring: String,
        operator key: PublicKey,
        now: UInt64
    ) -> Bool {
        (expires == 0 || now < expires)
            && key.isValid(signature, of: Self.payload(ring, node, expires), for: .joinToken)
    }

    private static func payload(_ ring: String, _ node: PublicKey, _ expires: UInt64) -> [UInt8] {
        var writer = WireWriter()
        writer.prefixedText(ring)
        writer.raw(node.raw)
        writer.u64(expires)
        return writer.bytes
    }
}

extension JoinToken: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        expires = try reader.u64("join token expiry")
        signature = try reader.bytes(PublicKey.signatureByteCount, "join token signature")
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(expires)
        writer.raw(signature)
    }
}
