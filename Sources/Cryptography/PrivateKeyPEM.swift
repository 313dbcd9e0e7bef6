internal import COpenSSL

extension PrivateKey {
    /// Longest PEM text read, bytes; an Ed25519 key needs 119.
    package static let pemLimit = 16 * 1024

    /// From PKCS#8 in PEM, not encrypted, as `openssl genpkey -algorithm ed25519` writes it.
    package convenience init(pem: [UInt8]) throws(CryptographyError) {
        guard pem.count <= Self.pemLimit else {
            throw CryptographyError(operation: "load key", reasons: ["PEM text is too long"])
        }
        // The source borrows its bytes, so they must stay where they are while it is read.
        let key = unsafe pem.withUnsafeBytes { bytes -> OpaquePointer? in
            let count = Int32(truncatingIfNeeded: bytes.count)
            guard let source = unsafe BIO_new_mem_buf(bytes.baseAddress, count) else { return nil }
            defer { unsafe BIO_free(source) }
            // Without a callback libcrypto would ask the terminal for a passphrase.
            return unsafe PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        try unsafe self.init(owning: expectObject(key, "PEM_read_bio_PrivateKey"))
    }

    /// PKCS#8 in PEM, not encrypted.
    package func pem() throws(CryptographyError) -> [UInt8] {
        try unsafe MemorySink.write("PEM_write_bio_PKCS8PrivateKey") { sink in
            unsafe PEM_write_bio_PKCS8PrivateKey(sink, key, nil, nil, 0, nil, nil)
        }
    }
}

/// A growing buffer that libcrypto writes to.
enum MemorySink {
    static func write(
        _ operation: String,
        _ body: (OpaquePointer) -> Int32
    ) throws(CryptographyError) -> [UInt8] {
        let sink = try unsafe expectObject(BIO_new(BIO_s_mem()), "BIO_new")
        defer { unsafe BIO_free(sink) }
        try unsafe expectSuccess(body(sink), operation)
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while unsafe BIO_ctrl_pending(sink) > 0 {
            let count = unsafe BIO_read(sink, &chunk, Int32(truncatingIfNeeded: chunk.count))
            guard count > 0 else { throw ErrorQueue.error("BIO_read") }
            result += chunk.prefix(Int(count))
        }
        return result
    }
}
