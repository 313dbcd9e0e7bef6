package import Cryptography
package import Wire

/// A delegation on its way from the root key's owner to the signer (`Spec/package.md` §5).
package struct DelegationFile: Hashable, Sendable {
    package let root: PublicKey
    package let signer: PublicKey
    package let delegation: Delegation

    /// Root key, signer key, delegation.
    package static let byteCount = 2 * PublicKey.byteCount + 80

    package init(root: PublicKey, signer: PublicKey, delegation: Delegation) {
        self.root = root
        self.signer = signer
        self.delegation = delegation
    }

    /// Whether the root key's signature holds; says nothing about time.
    package var isValid: Bool { delegation.isValid(root: root, signer: signer) }
}

extension DelegationFile: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        root = try reader.publicKey("root key")
        signer = try reader.publicKey("signer key")
        delegation = try Delegation(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        writer.raw(root.raw)
        writer.raw(signer.raw)
        delegation.encode(to: &writer)
    }
}
