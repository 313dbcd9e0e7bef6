internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, safe from any thread.
@safe package final class HMACSHA256: @unchecked Sendable {
    package static let byteCount = 32

    /// Holds the key; only ever copied, never fed.
    private let keyed: OpaquePointer

    private static let method = unsafe PermanentObject(EVP_MAC_fetch(nil, "HMAC", nil))

    package init(key: [UInt8]) throws(CryptographyError) {
        let method = try unsafe expectObject(Self.method.pointer, "EVP_MAC_fetch(HMAC)")
        let context = try unsafe expectObject(EVP_MAC_CTX_new(method), "EVP_MAC_CTX_new")
        // HMAC fills keys up with zeros, so this is also the empty key, which libcrypto refuses.
        let filled = key.isEmpty ? [0] : key
        var value = Array("SHA256".utf8CString)
        // The parameters borrow both strings.
        let status = unsafe OSSL_MAC_PARAM_DIGEST.withCString { name in
            unsafe value.withUnsafeMutableBufferPointer { value in
                let parameters = unsafe [
                    OSSL_PARAM_construct_utf8_string(name, value.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                return unsafe EVP_MAC_init(context, filled, filled.count, parameters)
            }
        }
        guard status == 1 else {
            unsafe EVP_MAC_CTX_free(context)
            throw ErrorQueue.error("EVP_MAC_init")
        }
        unsafe keyed = context
    }

    deinit { unsafe EVP_MAC_CTX_free(keyed) }

    /// The 32-byte code of `message`.
    package func code(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let context = try unsafe expectObject(EVP_MAC_CTX_dup(keyed), "EVP_MAC_CTX_dup")
        defer { unsafe EVP_MAC_CTX_free(context) }
        try unsafe expectSuccess(EVP_MAC_update(context, message, message.count), "EVP_MAC_update")
        var code = [UInt8](repeating: 0, count: Self.byteCount)
        var length = 0
        try unsafe expectSuccess(
            EVP_MAC_final(context, &code, &length, code.count),
            "EVP_MAC_final"
        )
        guard length == code.count else { throw CryptographyError(operation: "EVP_MAC_final") }
        return code
    }

    /// Whether `code` is the code of `message`, in time that does not tell where they differ.
    package func isValid(_ code: [UInt8], for message: [UInt8]) throws(CryptographyError) -> Bool {
        constantTimeEquals(try self.code(message), code)
    }
}

/// An object of libcrypto that is immutable and lives as long as the process.
@safe struct PermanentObject: @unchecked Sendable {
    let pointer: OpaquePointer?

    init(_ pointer: OpaquePointer?) { unsafe self.pointer = pointer }
}

/// Equality in time that depends on the lengths only.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe CRYPTO_memcmp(left, right, left.count) == 0
}
