internal import COpenSSL

/// The self-signed X.509 certificate that proves a node's key in TLS (`Spec/identifiers.md` §7).
package struct NodeCertificate: Hashable, Sendable {
    /// Longest certificate looked at, bytes of DER; ours have under 300.
    package static let byteLimit = 4096

    package let der: [UInt8]

    /// Certificate of `key`, valid between two wall-clock times in seconds since 1970.
    ///
    /// The same arguments give the same bytes.
    package static func issue(
        for key: PrivateKey,
        notBefore: Int64,
        notAfter: Int64
    ) throws(CryptographyError) -> NodeCertificate {
        let certificate = try unsafe expectObject(X509_new(), "X509_new")
        defer { unsafe X509_free(certificate) }
        try unsafe expectSuccess(X509_set_version(certificate, 2), "X509_set_version")
        try unsafe expectSuccess(
            ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1),
            "ASN1_INTEGER_set"
        )
        _ = try unsafe expectObject(
            ASN1_TIME_set(X509_getm_notBefore(certificate), Int(notBefore)),
            "ASN1_TIME_set"
        )
        _ = try unsafe expectObject(
            ASN1_TIME_set(X509_getm_notAfter(certificate), Int(notAfter)),
            "ASN1_TIME_set"
        )
        let name = try unsafe expectObject(X509_get_subject_name(certificate), "subject name")
        try unsafe expectSuccess(
            // 0x1000 is MBSTRING_UTF8, a macro that is not imported.
            X509_NAME_add_entry_by_txt(name, "CN", 0x1000, Array("prost".utf8), 5, -1, 0),
            "X509_NAME_add_entry_by_txt"
        )
        try unsafe expectSuccess(X509_set_issuer_name(certificate, name), "X509_set_issuer_name")
        try unsafe expectSuccess(X509_set_pubkey(certificate, key.key), "X509_set_pubkey")
        guard unsafe X509_sign(certificate, key.key, nil) > 0 else {
            throw ErrorQueue.error("X509_sign")
        }
        return NodeCertificate(
            der: try unsafe MemorySink.write("i2d_X509_bio") { sink in
                unsafe i2d_X509_bio(sink, certificate)
            }
        )
    }

    /// The certificate in PEM.
    package func pem() throws(CryptographyError) -> [UInt8] {
        let certificate = try unsafe expectObject(Self.parse(der), "d2i_X509")
        defer { unsafe X509_free(certificate) }
        return try unsafe MemorySink.write("PEM_write_bio_X509") { sink in
            unsafe PEM_write_bio_X509(sink, certificate)
        }
    }

    /// Nil, perhaps with a reason in the error queue, unless `der` is one certificate and no more.
    static func parse(_ der: [UInt8]) -> OpaquePointer? {
        unsafe der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            guard let certificate = unsafe d2i_X509(nil, &cursor, buffer.count) else { return nil }
            guard let start = buffer.baseAddress, unsafe cursor == start + buffer.count
            else {
                unsafe X509_free(certificate)
                return nil
            }
            return unsafe certificate
        }
    }
}
