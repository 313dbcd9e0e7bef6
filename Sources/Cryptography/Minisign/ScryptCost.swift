internal import COpenSSL

/// How hard a passphrase is to guess, in the terms of minisign's key files: operations and bytes
/// of memory, from which the parameters of scrypt (RFC 7914) follow.
package struct ScryptCost: Hashable, Sendable {
    package let operations: UInt64
    /// Bytes.
    package let memory: UInt64

    /// What minisign uses for keys that sign releases: 1 GiB, a second or more.
    package static let sensitive = ScryptCost(trusted: 1 << 25, 1 << 30)
    /// 16 MiB, a twentieth of a second.
    package static let interactive = ScryptCost(trusted: 1 << 19, 1 << 24)

    /// The most that a key file may ask this process to spend.
    package static let limit = ScryptCost(trusted: 1 << 26, 1 << 30)

    private init(trusted operations: UInt64, _ memory: UInt64) {
        self.operations = operations
        self.memory = memory
    }

    /// Nil if it is over the limit.
    init?(operations: UInt64, memory: UInt64) {
        guard operations <= Self.limit.operations, memory <= Self.limit.memory else { return nil }
        self.init(trusted: operations, memory)
    }

    private static let blockSize: UInt64 = 8

    /// scrypt's N as a power of two, and p; r is always 8.
    package var parameters: (exponent: UInt64, parallel: UInt64) {
        let operations = max(self.operations, 32768)
        let isBoundByTime = operations < memory / 32
        let most =
            isBoundByTime ? operations / (Self.blockSize * 4) : memory / (Self.blockSize * 128)
        var exponent: UInt64 = 1
        while exponent < 63, 1 << exponent <= most / 2 { exponent += 1 }
        let product = min((operations / 4) >> exponent, 0x3FFF_FFFF)
        return (exponent, isBoundByTime ? 1 : product / Self.blockSize)
    }

    /// `count` bytes derived from a passphrase.
    func derive(
        _ count: Int,
        passphrase: [UInt8],
        salt: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let (exponent, parallel) = parameters
        var derived = [UInt8](repeating: 0, count: count)
        // A null passphrase would only test the parameters.
        let storage = passphrase.isEmpty ? [0] : passphrase
        let status = unsafe storage.withUnsafeBytes { bytes in
            unsafe EVP_PBE_scrypt(
                bytes.bindMemory(to: CChar.self).baseAddress,
                passphrase.count,
                salt,
                salt.count,
                1 << exponent,
                Self.blockSize,
                parallel,
                // Beside the table of N blocks, a few working blocks.
                Self.limit.memory + 1 << 22,
                &derived,
                count
            )
        }
        try expectSuccess(status, "EVP_PBE_scrypt")
        return derived
    }
}
