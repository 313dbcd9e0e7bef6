internal import Cryptography
internal import KBR
package import SansIO
internal import Wire

/// Checks of a package before its code is parsed (`Spec/package.md` §6).
package enum PackageReader {
    /// The package, if its form, digest, signature, delegation, versions, validity at `now` and
    /// code digest hold; the code section is still bytes.
    ///
    /// - Parameter digest: SHA-256 that the file must have, when it was asked for by digest.
    package static func checkEnvelope(
        _ bytes: [UInt8],
        expecting digest: [UInt8]? = nil,
        now: WallTime
    ) throws(PackageError) -> SignedPackage {
        let package = try inspect(bytes, expecting: digest)
        if let first = package.objections(now: now).first { throw first }
        return package
    }

    /// The package, if it is whole and authentic, whatever its versions and dates: for tools that
    /// show one.
    package static func inspect(
        _ bytes: [UInt8],
        expecting digest: [UInt8]? = nil
    ) throws(PackageError) -> SignedPackage {
        guard bytes.count <= WireLimits.package else {
            throw .tooLarge(count: bytes.count, limit: WireLimits.package)
        }
        let actual = SHA256.digest(bytes)
        if let digest, digest != actual {
            throw .wrongDigest(
                expected: Hexadecimal.text(digest),
                actual: Hexadecimal.text(actual)
            )
        }
        let container: Container
        let manifest: Manifest
        do throws(WireError) {
            container = try Container(bytes)
            manifest = try Manifest(wireBytes: container.manifest, "manifest")
        } catch { throw .malformed(error) }
        let signed = SHA256.digest(bytes.prefix(container.signedCount))
        guard manifest.signerKey.isValid(container.signature, of: signed, for: .package) else {
            throw .badSignature
        }
        if let delegation = manifest.delegation {
            guard delegation.isValid(root: manifest.rootKey, signer: manifest.signerKey) else {
                throw .badDelegation
            }
        }
        guard container.code.count == Int(manifest.codeLength) else {
            throw .codeLength(manifest: manifest.codeLength, actual: container.code.count)
        }
        guard Identifier.key(of: container.code) == manifest.codeDigest else { throw .codeDigest }
        return SignedPackage(
            manifest: manifest,
            digest: actual,
            code: container.code,
            bytes: bytes
        )
    }
}
