internal import COpenSSL

/// Why a certificate that a peer presented proves nothing.
package enum PeerCertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLong(count: Int)
    case malformed(reasons: [String])
    case wrongKeyType
    case unacceptableKey
    case unknownCriticalExtension
    case badSignature
    case notYetValid
    case expired

    package var description: String {
        switch self {
        case .tooLong(let count):
            "certificate of \(count) bytes is over the limit of \(NodeCertificate.byteLimit)"
        case .malformed(let reasons):
            "certificate is not one whole valid DER certificate \(reasons)"
        case .wrongKeyType: "certificate key is not Ed25519"
        case .unacceptableKey: "certificate key is not canonical or of small order"
        case .unknownCriticalExtension: "certificate has a critical extension that is not known"
        case .badSignature: "certificate is not signed by its own Ed25519 key"
        case .notYetValid: "certificate is not valid yet"
        case .expired: "certificate has expired"
        }
    }
}

extension NodeCertificate {
    /// The key that a peer's certificate proves, at a wall-clock time in seconds since 1970.
    ///
    /// Checks size, form, key type, critical extensions, self-signature, validity, in this order.
    package static func provenKey(
        der: [UInt8],
        now: Int64
    ) throws(PeerCertificateError) -> PublicKey {
        guard der.count <= byteLimit else { throw .tooLong(count: der.count) }
        guard let certificate = unsafe parse(der) else {
            throw .malformed(reasons: ErrorQueue.drain())
        }
        defer {
            unsafe X509_free(certificate)
            _ = ErrorQueue.drain()
        }
        guard let key = unsafe X509_get0_pubkey(certificate),
            unsafe EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519
        else { throw .wrongKeyType }
        var raw = [UInt8](repeating: 0, count: PublicKey.byteCount)
        var length = raw.count
        guard unsafe EVP_PKEY_get_raw_public_key(key, &raw, &length) == 1,
            length == raw.count, let publicKey = PublicKey(raw: raw)
        else { throw .unacceptableKey }
        let extensionCount = unsafe X509_get_ext_count(certificate)
        for index in 0..<max(0, extensionCount) {
            let item = unsafe X509_get_ext(certificate, index)
            let isCritical = unsafe X509_EXTENSION_get_critical(item) != 0
            let isKnown = unsafe X509_supported_extension(item) == 1
            guard !isCritical || isKnown else { throw .unknownCriticalExtension }
        }
        guard unsafe X509_get_signature_nid(certificate) == NID_ED25519,
            unsafe X509_verify(certificate, key) == 1
        else { throw .badSignature }
        try unsafe checkValidity(of: certificate, now: now)
        return publicKey
    }

    private static func checkValidity(
        of certificate: OpaquePointer,
        now: Int64
    ) throws(PeerCertificateError) {
        let start = unsafe ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), Int(now))
        let end = unsafe ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), Int(now))
        // -2 means that the time could not be read.
        guard start != -2, end != -2 else { throw .malformed(reasons: ["validity"]) }
        guard start <= 0 else { throw .notYetValid }
        guard end >= 0 else { throw .expired }
    }
}
