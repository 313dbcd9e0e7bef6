/// A detached signature in minisign's format: over the BLAKE2b-512 of a file, and over that
/// signature with a trusted comment.
package struct MinisignSignature: Hashable, Sendable {
    package let id: MinisignKeyID
    package let trustedComment: String
    /// Of the file's digest.
    private let signature: [UInt8]
    /// Of signature and trusted comment.
    private let globalSignature: [UInt8]

    /// `ED`: the file is hashed before it is signed.
    private static let algorithm = Array("ED".utf8)

    /// - Parameter digest: BLAKE2b-512 of the file.
    package init(
        digest: [UInt8],
        trustedComment: String,
        signer: MinisignSecretKey
    ) throws(MinisignError) {
        try MinisignText.checkComment(trustedComment)
        id = signer.id
        self.trustedComment = trustedComment
        let signature = try minisign { () throws(CryptographyError) in
            try signer.key.signature(of: digest)
        }
        self.signature = signature
        globalSignature = try minisign { () throws(CryptographyError) in
            try signer.key.signature(of: signature + Array(trustedComment.utf8))
        }
    }

    package init(file: [UInt8]) throws(MinisignError) {
        var text = try MinisignText(file)
        _ = try text.comment(MinisignText.untrusted)
        let count = 2 + MinisignKeyID.byteCount + PublicKey.signatureByteCount
        let bytes = try text.base64("signature", count: count)
        guard bytes.starts(with: Self.algorithm) else {
            throw .unsupportedAlgorithm(String(decoding: bytes.prefix(2), as: UTF8.self))
        }
        id = MinisignKeyID(bytes[2..<10])
        signature = Array(bytes[10...])
        trustedComment = try text.comment(MinisignText.trusted)
        globalSignature = try text.base64(
            "global signature",
            count: PublicKey.signatureByteCount
        )
        try text.expectEnd()
    }

    /// The `.minisig` file.
    package func file(
        untrustedComment: String = "signature from a prost key"
    ) throws(MinisignError) -> [UInt8] {
        try MinisignText.checkComment(untrustedComment)
        let lines = [
            MinisignText.untrusted + untrustedComment,
            Base64.text(Self.algorithm + id.bytes + signature),
            MinisignText.trusted + trustedComment,
            Base64.text(globalSignature),
        ]
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }

    /// Returns if `key` signed the file with this BLAKE2b-512 digest and the trusted comment.
    package func check(digest: [UInt8], key: MinisignPublicKey) throws(MinisignError) {
        guard id == key.id else { throw .otherKey(signature: "\(id)", key: "\(key.id)") }
        guard key.key.isValid(signature, of: digest) else { throw .badSignature }
        guard key.key.isValid(globalSignature, of: signature + Array(trustedComment.utf8)) else {
            throw .badTrustedComment
        }
    }
}
