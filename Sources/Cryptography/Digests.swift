internal import COpenSSL

/// SHA-256 (FIPS 180-4): identifiers, package digests, content addresses; safe from any thread.
package enum SHA256 {
    package static let byteCount = 32

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe DigestAlgorithm.sha256.digest($0) }
    }

    package static func digest(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe DigestAlgorithm.sha256.digest($0) }
    }

    /// The digest of the parts joined.
    package static func digest(_ parts: [UInt8]...) -> [UInt8] {
        DigestAlgorithm.sha256.digest(parts)
    }
}

/// SHA-1, for peerlets that speak older protocols; nothing of PROST relies on it.
package enum SHA1 {
    package static let byteCount = 20

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe DigestAlgorithm.sha1.digest($0) }
    }
}

/// BLAKE2b with 64 bytes of output (RFC 7693): the pre-hash of detached signatures.
package enum BLAKE2b512 {
    package static let byteCount = 64

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe DigestAlgorithm.blake2b512.digest($0) }
    }
}

/// A digest of bytes that arrive piece by piece, as when a file is read.
@safe package struct IncrementalDigest: ~Copyable {
    private let algorithm: DigestAlgorithm
    private let context: OpaquePointer

    private init(_ algorithm: DigestAlgorithm) {
        guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory for a digest") }
        self.algorithm = algorithm
        unsafe self.context = context
        unsafe algorithm.begin(context)
    }

    package static func sha256() -> IncrementalDigest { IncrementalDigest(.sha256) }

    package static func blake2b512() -> IncrementalDigest { IncrementalDigest(.blake2b512) }

    deinit { unsafe EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe algorithm.update(context, $0) }
    }

    package consuming func finish() -> [UInt8] { unsafe algorithm.finish(context) }
}
