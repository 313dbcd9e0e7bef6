internal import COpenSSL

/// An Ed25519 public key as its 32 bytes.
///
/// Only keys that bind a signer exist as values: the encoding is canonical and the point is not
/// of small order (`Spec/identifiers.md` §6).
package struct PublicKey: Hashable, Sendable {
    package static let byteCount = 32
    package static let signatureByteCount = 64

    package let raw: [UInt8]

    /// Nil unless `raw` is 32 bytes of a canonical encoding that is not of small order.
    package init?(raw: [UInt8]) {
        guard raw.count == Self.byteCount, EdwardsEncoding.isAcceptable(raw) else { return nil }
        self.raw = raw
    }

    /// Whether `signature` is this key's for `message` as it is.
    ///
    /// libcrypto refuses S ≥ L and does not multiply by the cofactor; R of small order is refused
    /// here.
    package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureByteCount,
            EdwardsEncoding.isAcceptable(Array(signature.prefix(32)))
        else { return false }
        // Whatever fails below, a malformed point included, means "not valid" and leaves nothing
        // behind for the next call on this thread.
        defer { _ = ErrorQueue.drain() }
        guard let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, raw, raw.count)
        else { return false }
        defer { unsafe EVP_PKEY_free(key) }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return unsafe EVP_DigestVerify(
            context,
            signature,
            signature.count,
            message,
            message.count
        ) == 1
    }

    /// Whether `signature` is this key's for `payload` in one domain.
    package func isValid(
        _ signature: [UInt8],
        of payload: [UInt8],
        for domain: SigningDomain
    ) -> Bool {
        isValid(signature, of: domain.encoding(of: payload))
    }
}

/// Which 32-byte encodings of points of edwards25519 are let in.
private enum EdwardsEncoding {
    /// y of the eight points whose order divides 8, little-endian: 0, 1, -1, the two of order 8.
    static let smallOrder: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF,
            0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88,
            0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10,
            0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77,
            0x92, 0xAC, 0x03, 0x7A,
        ],
    ]

    /// `point` has 32 bytes; its top bit is the sign of x.
    static func isAcceptable(_ point: [UInt8]) -> Bool {
        var y = point
        y[31] &= 0x7F
        // Not canonical: y ≥ p = 2^255 - 19.
        if y[31] == 0x7F, y[1..<31].allSatisfy({ $0 == 0xFF }), y[0] >= 0xED { return false }
        return !smallOrder.contains(y)
    }
}
