package import Cryptography
package import KBR
package import PeerletPackage

/// The newest version of each application and signer epoch of each root key that this node has
/// accepted; durable, and never lowered (`Spec/loading.md` §5).
package struct CodeFloors: Hashable, Sendable {
    package struct Version: Hashable, Sendable {
        package var version: UInt64
        package var digest: PackageDigest
    }

    package private(set) var versions: [ApplicationID: Version] = [:]
    package private(set) var epochs: [PublicKey: UInt64] = [:]

    package init() {}

    package func floor(for manifest: Manifest) -> PackageFloor {
        let seen = manifest.application.flatMap { versions[$0] }
        return PackageFloor(
            epoch: epochs[manifest.rootKey] ?? 0,
            version: seen?.version ?? 0,
            digest: seen?.digest.bytes
        )
    }

    /// Whether anything rose.
    mutating func raise(_ application: ApplicationID, _ version: Version) -> Bool {
        if let seen = versions[application], seen.version >= version.version { return false }
        versions[application] = version
        return true
    }

    mutating func raise(_ root: PublicKey, epoch: UInt64) -> Bool {
        guard epoch > epochs[root] ?? 0 else { return false }
        epochs[root] = epoch
        return true
    }
}
