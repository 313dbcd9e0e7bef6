internal import COpenSSL

/// An Ed25519 key pair (RFC 8032), safe from any thread.
@safe package final class PrivateKey: @unchecked Sendable {
    package static let byteCount = 32

    let key: OpaquePointer
    package let publicKey: PublicKey

    /// From the 32-byte seed.
    package convenience init(seed: [UInt8]) throws(CryptographyError) {
        guard seed.count == Self.byteCount else {
            throw CryptographyError(operation: "load key", reasons: ["a seed has 32 bytes"])
        }
        let key = try unsafe expectObject(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count),
            "EVP_PKEY_new_raw_private_key"
        )
        try unsafe self.init(owning: key)
    }

    /// Takes ownership of `key`, also when it throws.
    init(owning key: OpaquePointer) throws(CryptographyError) {
        do throws(CryptographyError) {
            publicKey = try unsafe Self.publicKey(of: key)
        } catch {
            unsafe EVP_PKEY_free(key)
            throw error
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    private static func publicKey(of key: OpaquePointer) throws(CryptographyError) -> PublicKey {
        guard unsafe EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 else {
            throw CryptographyError(operation: "load key", reasons: ["not an Ed25519 key"])
        }
        var raw = [UInt8](repeating: 0, count: PublicKey.byteCount)
        var length = raw.count
        try unsafe expectSuccess(
            EVP_PKEY_get_raw_public_key(key, &raw, &length),
            "EVP_PKEY_get_raw_public_key"
        )
        return try expectObject(PublicKey(raw: raw), "load key")
    }

    /// A new key from the system's randomness.
    package static func generate() throws(CryptographyError) -> PrivateKey {
        try PrivateKey(seed: SystemRandom.bytes(byteCount))
    }

    /// The 32-byte seed; whoever asks keeps it secret.
    package func seed() throws(CryptographyError) -> [UInt8] {
        var seed = [UInt8](repeating: 0, count: Self.byteCount)
        var length = seed.count
        try unsafe expectSuccess(
            EVP_PKEY_get_raw_private_key(key, &seed, &length),
            "EVP_PKEY_get_raw_private_key"
        )
        return seed
    }

    /// The 64-byte signature of `message` as it is; for data of our own, name the domain.
    package func signature(of message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let context = try unsafe expectObject(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { unsafe EVP_MD_CTX_free(context) }
        try unsafe expectSuccess(
            EVP_DigestSignInit(context, nil, nil, nil, key),
            "EVP_DigestSignInit"
        )
        var signature = [UInt8](repeating: 0, count: PublicKey.signatureByteCount)
        var length = signature.count
        try unsafe expectSuccess(
            EVP_DigestSign(context, &signature, &length, message, message.count),
            "EVP_DigestSign"
        )
        guard length == signature.count else {
            throw CryptographyError(operation: "EVP_DigestSign")
        }
        return signature
    }

    /// The 64-byte signature of `payload` for one purpose.
    package func signature(
        of payload: [UInt8],
        for domain: SigningDomain
    ) throws(CryptographyError) -> [UInt8] {
        try signature(of: domain.encoding(of: payload))
    }
}
