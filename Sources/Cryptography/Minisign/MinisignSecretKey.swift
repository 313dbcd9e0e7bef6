internal import COpenSSL

/// A key pair in minisign's format, with or without a passphrase.
package struct MinisignSecretKey: Sendable {
    package let id: MinisignKeyID
    package let key: PrivateKey

    package var publicKey: MinisignPublicKey { MinisignPublicKey(id: id, key: key.publicKey) }

    package init(id: MinisignKeyID, key: PrivateKey) {
        self.id = id
        self.key = key
    }

    package static func generate() throws(CryptographyError) -> MinisignSecretKey {
        MinisignSecretKey(
            id: MinisignKeyID(try SystemRandom.bytes(MinisignKeyID.byteCount)),
            key: try .generate()
        )
    }

    private static let signatureAlgorithm = Array("Ed".utf8)
    private static let passphraseAlgorithm = Array("Sc".utf8)
    private static let noPassphrase: [UInt8] = [0, 0]
    private static let checksumAlgorithm = Array("B2".utf8)
    private static let saltByteCount = 32
    /// Key id, seed, public key, checksum.
    private static let secretByteCount = 8 + 32 + 32 + 32
    private static let secretStart = 2 + 2 + 2 + saltByteCount + 8 + 8

    /// Whether a key file asks for a passphrase.
    package static func needsPassphrase(file: [UInt8]) throws(MinisignError) -> Bool {
        try fields(file)[2..<4].elementsEqual(passphraseAlgorithm)
    }

    private static func fields(_ file: [UInt8]) throws(MinisignError) -> [UInt8] {
        var text = try MinisignText(file)
        _ = try text.comment(MinisignText.untrusted)
        let bytes = try text.base64("secret key", count: secretStart + secretByteCount)
        try text.expectEnd()
        for (range, name) in [(0..<2, signatureAlgorithm), (4..<6, checksumAlgorithm)]
        where !bytes[range].elementsEqual(name) {
            throw .unsupportedAlgorithm(String(decoding: bytes[range], as: UTF8.self))
        }
        return bytes
    }

    /// From a key file; the cost that it asks for is bounded by `ScryptCost.limit`.
    package init(file: [UInt8], passphrase: [UInt8]? = nil) throws(MinisignError) {
        let bytes = try Self.fields(file)
        let algorithm = Array(bytes[2..<4])
        var secret = Array(bytes[Self.secretStart...])
        let isProtected = algorithm == Self.passphraseAlgorithm
        defer { cleanse(&secret) }
        if isProtected {
            guard let passphrase else { throw .passphraseNeeded }
            let salt = Array(bytes[6..<38])
            let operations = Self.littleEndian(bytes[38..<46])
            let memory = Self.littleEndian(bytes[46..<54])
            guard let cost = ScryptCost(operations: operations, memory: memory) else {
                throw .tooExpensive(operations: operations, memory: memory)
            }
            try Self.mask(&secret, passphrase: passphrase, salt: salt, cost: cost)
        } else if algorithm != Self.noPassphrase {
            throw .unsupportedAlgorithm(String(decoding: algorithm, as: UTF8.self))
        }
        // Without a passphrase minisign writes zeros in place of the checksum.
        let checksum = Array(secret[72...])
        guard
            checksum == Self.checksum(secret)
                || (!isProtected && checksum.allSatisfy { $0 == 0 })
        else { throw isProtected ? .wrongPassphrase : .malformed("checksum of the secret key") }
        let key = try minisign { () throws(CryptographyError) in
            try PrivateKey(seed: Array(secret[8..<40]))
        }
        guard key.publicKey.raw == Array(secret[40..<72]) else {
            throw .malformed("public half of the secret key")
        }
        self.init(id: MinisignKeyID(secret[0..<8]), key: key)
    }

    /// The key file; encrypted if a passphrase is given.
    package func file(
        passphrase: [UInt8]? = nil,
        cost: ScryptCost = .sensitive
    ) throws(MinisignError) -> [UInt8] {
        var secret = id.bytes
        secret += try minisign { () throws(CryptographyError) in try key.seed() }
        secret += key.publicKey.raw
        defer { cleanse(&secret) }
        var salt = [UInt8](repeating: 0, count: Self.saltByteCount)
        var costs = [UInt8](repeating: 0, count: 16)
        if let passphrase {
            secret += Self.checksum(secret)
            salt = try minisign { () throws(CryptographyError) in
                try SystemRandom.bytes(Self.saltByteCount)
            }
            costs = Self.littleEndian(cost.operations) + Self.littleEndian(cost.memory)
            try Self.mask(&secret, passphrase: passphrase, salt: salt, cost: cost)
        } else {
            secret += [UInt8](repeating: 0, count: 32)
        }
        let algorithm = passphrase == nil ? Self.noPassphrase : Self.passphraseAlgorithm
        let bytes =
            Self.signatureAlgorithm + algorithm + Self.checksumAlgorithm + salt + costs + secret
        let comment = passphrase == nil ? "minisign secret key" : "minisign encrypted secret key"
        return Array("\(MinisignText.untrusted)\(comment)\n\(Base64.text(bytes))\n".utf8)
    }

    /// Encrypts or decrypts.
    private static func mask(
        _ secret: inout [UInt8],
        passphrase: [UInt8],
        salt: [UInt8],
        cost: ScryptCost
    ) throws(MinisignError) {
        var stream = try minisign { () throws(CryptographyError) in
            try cost.derive(secretByteCount, passphrase: passphrase, salt: salt)
        }
        defer { cleanse(&stream) }
        for index in secret.indices { secret[index] ^= stream[index] }
    }

    /// Over algorithm, key id, seed and public key.
    private static func checksum(_ secret: [UInt8]) -> [UInt8] {
        BLAKE2b256.digest(signatureAlgorithm + secret.prefix(72))
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}

/// Overwrites a secret that is no longer needed.
private func cleanse(_ secret: inout [UInt8]) { unsafe OPENSSL_cleanse(&secret, secret.count) }
