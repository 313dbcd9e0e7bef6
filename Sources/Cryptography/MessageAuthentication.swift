internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, over libcrypto's SHA-256.
///
/// A keyed context of libcrypto takes a kilobyte, which nodes by the ten thousand cannot spare, and
/// copying it takes longer than the hashing.
package struct HMACSHA256: Sendable {
    package static let byteCount = 32
    private static let blockByteCount = 64

    /// At most a block long.
    private let key: [UInt8]

    package init(key: [UInt8]) {
        self.key = key.count > Self.blockByteCount ? SHA256.digest(key) : key
    }

    /// The 32-byte code of `message`.
    package func code(_ message: [UInt8]) -> [UInt8] {
        SHA256.digest(block(0x5C), SHA256.digest(block(0x36), message))
    }

    /// The key, filled up with zeros, under a mask.
    private func block(_ mask: UInt8) -> [UInt8] {
        var block = [UInt8](repeating: mask, count: Self.blockByteCount)
        for (index, byte) in key.enumerated() { block[index] ^= byte }
        return block
    }

    /// Whether `code` is the code of `message`, in time that does not tell where they differ.
    package func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
        constantTimeEquals(self.code(message), code)
    }
}

/// Equality in time that depends on the lengths only.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe CRYPTO_memcmp(left, right, left.count) == 0
}
