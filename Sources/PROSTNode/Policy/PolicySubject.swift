package import Cryptography
package import KBR
package import PeerletBytecode
package import PeerletPackage

/// What a policy judges: the facts of a package, after its signature was checked.
package struct PolicySubject: Hashable, Sendable {
    package var application: ApplicationID
    package var name: String
    package var version: UInt64
    package var root: PublicKey
    package var digest: PackageDigest
    /// Host calls that the program imports.
    package var hostCalls: Set<HostCall>
    /// What the manifest asks for; absent limits are left to the policy.
    package var asked: [Limit: UInt64]

    package init(
        application: ApplicationID,
        name: String,
        version: UInt64,
        root: PublicKey,
        digest: PackageDigest,
        hostCalls: Set<HostCall>,
        asked: [Limit: UInt64]
    ) {
        self.application = application
        self.name = name
        self.version = version
        self.root = root
        self.digest = digest
        self.hostCalls = hostCalls
        self.asked = asked
    }
}

extension PolicySubject {
    /// The facts of a checked manifest; nil if its name makes no application.
    package init?(_ manifest: Manifest, _ digest: PackageDigest) {
        guard let application = manifest.application else { return nil }
        let limits = manifest.limits
        let wishes: [(Limit, UInt64)] = [
            (.upcallFuel, limits.fuelPerUpcall),
            (.fuel, limits.fuelPerSecond),
            (.memory, UInt64(limits.memoryPages) * Limit.pageBytes),
            (.storage, limits.storeBytes),
            (.messages, UInt64(limits.messagesPerSecond)),
            (.mailbox, UInt64(limits.mailboxLength)),
        ]
        self.init(
            application: application,
            name: manifest.name,
            version: manifest.version,
            root: manifest.rootKey,
            digest: digest,
            hostCalls: Set(manifest.imports.compactMap { HostABI.call(named: $0) }),
            asked: Dictionary(uniqueKeysWithValues: wishes.filter { $0.1 > 0 })
        )
    }
}
