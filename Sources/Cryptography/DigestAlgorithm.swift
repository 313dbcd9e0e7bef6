internal import COpenSSL
internal import Glibc

/// A hash function of libcrypto, fetched once.
///
/// Contexts are kept per thread: a context must not be shared, and making one costs more than
/// hashing a short message.
@safe final class DigestAlgorithm: @unchecked Sendable {
    /// Never freed: algorithms live as long as the process.
    private let method: OpaquePointer
    let byteCount: Int
    private let contextKey: pthread_key_t

    static let sha1 = DigestAlgorithm("SHA1", byteCount: 20)
    static let sha256 = DigestAlgorithm("SHA256", byteCount: 32)
    static let blake2b512 = DigestAlgorithm("BLAKE2B-512", byteCount: 64)

    /// A process whose libcrypto lacks a basic hash function, or that has no memory for a context,
    /// cannot do anything; it ends here, as it would when memory for an array is missing.
    private init(_ name: String, byteCount: Int) {
        guard let method = unsafe EVP_MD_fetch(nil, name, nil) else {
            fatalError("\(ErrorQueue.error("EVP_MD_fetch(\(name))"))")
        }
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(&key) { context in
            unsafe EVP_MD_CTX_free(OpaquePointer(context))
        }
        guard status == 0 else { fatalError("no thread-specific storage left") }
        unsafe self.method = method
        self.byteCount = byteCount
        contextKey = key
    }

    private var threadContext: OpaquePointer {
        if let context = unsafe pthread_getspecific(contextKey) {
            return OpaquePointer(context)
        }
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe pthread_setspecific(contextKey, UnsafeRawPointer(context)) == 0
        else { fatalError("no memory for a digest") }
        return unsafe context
    }

    func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let context = unsafe threadContext
        unsafe begin(context)
        unsafe update(context, bytes)
        return unsafe finish(context)
    }

    func digest(_ parts: [[UInt8]]) -> [UInt8] {
        let context = unsafe threadContext
        unsafe begin(context)
        for part in parts {
            unsafe part.withUnsafeBytes { bytes in unsafe update(context, bytes) }
        }
        return unsafe finish(context)
    }

    func begin(_ context: OpaquePointer) {
        guard unsafe EVP_DigestInit_ex2(context, method, nil) == 1 else {
            fatalError("\(ErrorQueue.error("EVP_DigestInit_ex2"))")
        }
    }

    func update(_ context: OpaquePointer, _ bytes: UnsafeRawBufferPointer) {
        guard unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            fatalError("\(ErrorQueue.error("EVP_DigestUpdate"))")
        }
    }

    func finish(_ context: OpaquePointer) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            guard unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else {
                fatalError("\(ErrorQueue.error("EVP_DigestFinal_ex"))")
            }
            count = byteCount
        }
    }
}
