package import Cryptography
internal import KBR
package import PeerletBytecode
package import SansIO
internal import Wire

/// What an author decides about a package; the rest of the manifest follows from program and keys.
package struct ManifestDraft: Hashable, Sendable {
    package var name: String
    package var version: UInt64
    package var applicationType = Manifest.ApplicationType.endNode
    package var notBefore: WallTime?
    package var expires: WallTime?
    package var instanceClass = Manifest.InstanceClass.node
    package var storeClass = Manifest.StoreClass.none
    package var replicaCount = Manifest.defaultReplicaCount
    package var limits = Manifest.LimitsAsked()
    package var abiVersion = HostABI.version
    package var priceVersion = OpcodeTable.priceVersion

    package init(name: String, version: UInt64) {
        self.name = name
        self.version = version
    }

    /// What the author of an existing package decided: all but keys and program.
    package init(_ manifest: Manifest) {
        self.init(name: manifest.name, version: manifest.version)
        applicationType = manifest.applicationType
        notBefore = manifest.notBefore
        expires = manifest.expires
        instanceClass = manifest.instanceClass
        storeClass = manifest.storeClass
        replicaCount = manifest.replicaCount
        limits = manifest.limits
        abiVersion = manifest.abiVersion
        priceVersion = manifest.priceVersion
    }
}

/// The right of a key other than the root to sign.
package struct SigningAuthority: Hashable, Sendable {
    package var rootKey: PublicKey
    package var delegation: Delegation

    package init(rootKey: PublicKey, delegation: Delegation) {
        self.rootKey = rootKey
        self.delegation = delegation
    }
}

/// Why a package could not be written.
package enum PackageWriterError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A reader would refuse the result, for this reason.
    case invalid(PackageError)
    case cryptography(CryptographyError)

    package var description: String {
        switch self {
        case .invalid(let error): "\(error)"
        case .cryptography(let error): "\(error)"
        }
    }
}

/// Writes packages; the same arguments give the same bytes (`Spec/package.md` §8).
package enum PackageWriter {
    /// - Parameter authority: from the root key; nil if `signer` is the root.
    package static func build(
        _ draft: ManifestDraft,
        image: ProgramImage,
        signer: PrivateKey,
        authority: SigningAuthority? = nil
    ) throws(PackageWriterError) -> [UInt8] {
        let code = image.wireBytes
        let manifest = manifest(draft, image, code, signer.publicKey, authority)
        let signedPart = Container.signedPart(manifest: manifest.wireBytes, code: code)
        let bytes: [UInt8]
        do throws(CryptographyError) {
            bytes = Container.whole(
                signedPart: signedPart,
                signature: try signer.signature(of: SHA256.digest(signedPart), for: .package)
            )
        } catch { throw .cryptography(error) }
        do throws(PackageError) {
            let package = try PackageReader.inspect(bytes)
            guard package.manifest == manifest else {
                let reason = WireError.Reason.notCanonical("a time of 0 would mean none")
                throw .malformed(WireError(field: "manifest", offset: 0, reason: reason))
            }
            _ = try package.programImage()
        } catch { throw .invalid(error) }
        return bytes
    }

    private static func manifest(
        _ draft: ManifestDraft,
        _ image: ProgramImage,
        _ code: [UInt8],
        _ signer: PublicKey,
        _ authority: SigningAuthority?
    ) -> Manifest {
        // An authority that the root gives itself says nothing and is not written.
        let root = authority?.rootKey ?? signer
        return Manifest(
            name: draft.name,
            version: draft.version,
            applicationType: draft.applicationType,
            rootKey: root,
            signerKey: signer,
            delegation: root == signer ? nil : authority?.delegation,
            abiVersion: draft.abiVersion,
            priceVersion: draft.priceVersion,
            notBefore: draft.notBefore,
            expires: draft.expires,
            instanceClass: draft.instanceClass,
            storeClass: draft.storeClass,
            replicaCount: draft.replicaCount,
            limits: draft.limits,
            imports: image.importNames,
            exports: image.exportNames,
            codeDigest: Identifier.key(of: code),
            codeLength: UInt32(clamping: code.count)
        )
    }
}
