internal import COpenSSL

/// Random bytes of the operating system, for keys and nonces; only tools and the service layer
/// may use them, the node's core draws from its seed.
package enum SystemRandom {
    package static func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard let length = Int32(exactly: count), length >= 0 else {
            throw CryptographyError(operation: "RAND_bytes")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        try unsafe expectSuccess(RAND_bytes(&bytes, length), "RAND_bytes")
        return bytes
    }

    /// A seed for a deterministic generator.
    package static func seed() throws(CryptographyError) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
