/// A public key in minisign's format: one line of 56 characters that starts with `RW`.
package struct MinisignPublicKey: Hashable, Sendable {
    package let id: MinisignKeyID
    package let key: PublicKey

    private static let algorithm = Array("Ed".utf8)
    private static let byteCount = 2 + MinisignKeyID.byteCount + PublicKey.byteCount

    package init(id: MinisignKeyID, key: PublicKey) {
        self.id = id
        self.key = key
    }

    /// From a key file, or from its second line alone as it stands in configuration files.
    package init(file: [UInt8]) throws(MinisignError) {
        var text = try MinisignText(file)
        if text.lineCount > 1 { _ = try text.comment(MinisignText.untrusted) }
        let bytes = try text.base64("public key", count: Self.byteCount)
        try text.expectEnd()
        guard bytes.starts(with: Self.algorithm) else {
            throw .unsupportedAlgorithm(String(decoding: bytes.prefix(2), as: UTF8.self))
        }
        guard let key = PublicKey(raw: Array(bytes[10...])) else {
            throw .malformed("public key is not canonical or of small order")
        }
        self.init(id: MinisignKeyID(bytes[2..<10]), key: key)
    }

    /// The line that people copy.
    package var line: String { Base64.text(Self.algorithm + id.bytes + key.raw) }

    package var file: [UInt8] {
        Array("\(MinisignText.untrusted)minisign public key \(id)\n\(line)\n".utf8)
    }
}
