package import Cryptography
package import SansIO
internal import Wire

/// A root key's word that another key may sign packages for it (`Spec/package.md` §5).
package struct Delegation: Hashable, Sendable {
    /// Grows with each new signer; nodes refuse an epoch lower than the highest they have seen.
    package let epoch: UInt64
    /// First moment at which the signer's packages may no longer be installed; nil: never.
    package let expires: WallTime?
    package let signature: [UInt8]

    init(epoch: UInt64, expires: WallTime?, signature: [UInt8]) {
        self.epoch = epoch
        self.expires = expires
        self.signature = signature
    }

    /// Made by the root.
    package static func issue(
        root: PrivateKey,
        signer: PublicKey,
        epoch: UInt64,
        expires: WallTime?
    ) throws(CryptographyError) -> Delegation {
        guard expires?.milliseconds != 0 else {
            throw CryptographyError(operation: "delegate", reasons: ["expiry 0 would mean never"])
        }
        let payload = payload(root.publicKey, signer, epoch, expires)
        return Delegation(
            epoch: epoch,
            expires: expires,
            signature: try root.signature(of: payload, for: .delegation)
        )
    }

    /// Whether `root` gave this to `signer`; says nothing about time.
    package func isValid(root: PublicKey, signer: PublicKey) -> Bool {
        root.isValid(
            signature,
            of: Self.payload(root, signer, epoch, expires),
            for: .delegation
        )
    }

    private static func payload(
        _ root: PublicKey,
        _ signer: PublicKey,
        _ epoch: UInt64,
        _ expires: WallTime?
    ) -> [UInt8] {
        var writer = WireWriter(capacity: 80)
        writer.raw(root.raw)
        writer.raw(signer.raw)
        writer.u64(epoch)
        writer.time(expires)
        return writer.bytes
    }
}

extension WireWriter {
    /// Milliseconds since 1970, 0 for none.
    mutating func time(_ time: WallTime?) { u64(time?.milliseconds ?? 0) }
}

extension WireReader {
    mutating func time(_ field: String) throws(WireError) -> WallTime? {
        let milliseconds = try u64(field)
        return milliseconds == 0 ? nil : WallTime(milliseconds: milliseconds)
    }
}
