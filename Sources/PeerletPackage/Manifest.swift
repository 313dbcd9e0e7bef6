package import Cryptography
package import KBR
package import SansIO

/// What a package says about its peerlet (`Spec/package.md` §4).
package struct Manifest: Hashable, Sendable {
    /// 1 to 64 of `a-z 0-9 . _ -`.
    package var name: String
    package var version: UInt64
    package var applicationType: ApplicationType
    /// The provider.
    package var rootKey: PublicKey
    /// Who signed this package.
    package var signerKey: PublicKey
    /// Absent exactly if the root key signs itself.
    package var delegation: Delegation?
    package var abiVersion: UInt16
    package var priceVersion: UInt16
    /// Nil: valid from ever.
    package var notBefore: WallTime?
    /// First moment at which the package may no longer be installed; nil: never.
    package var expires: WallTime?
    package var instanceClass: InstanceClass
    package var storeClass: StoreClass
    /// Members of a configuration, and of the replica set that the peerlet wants; 1 to 16.
    package var replicaCount: UInt8
    package var limits: LimitsAsked
    /// Names of the host calls, sorted: the capabilities.
    package var imports: [String]
    /// Names of the exported functions, sorted.
    package var exports: [String]
    /// SHA-256 of the code section.
    package var codeDigest: Identifier
    /// Bytes of the code section.
    package var codeLength: UInt32

    package static let defaultReplicaCount: UInt8 = 3

    package enum ApplicationType: UInt8, CaseIterable, Sendable {
        /// `forward` is meant to run at each hop.
        case perHop = 0
        /// Runs where messages arrive.
        case endNode = 1
    }

    package enum InstanceClass: UInt8, CaseIterable, Sendable {
        /// One instance per node.
        case node = 0
        /// One instance per key.
        case keyed = 1
    }

    package enum StoreClass: UInt8, CaseIterable, Sendable {
        case none = 0
        case overlay = 1
        case consistent = 2
    }

    /// What the peerlet would like to be given; 0 leaves it to the node.
    package struct LimitsAsked: Hashable, Sendable {
        package var fuelPerUpcall: UInt64 = 0
        package var fuelPerSecond: UInt64 = 0
        /// Pages of 4 KiB of linear memory.
        package var memoryPages: UInt32 = 0
        package var storeBytes: UInt64 = 0
        package var messagesPerSecond: UInt32 = 0
        /// Events that may wait.
        package var mailboxLength: UInt32 = 0

        package init() {}
    }

    /// Same over all versions of the application.
    package var application: ApplicationID? { ApplicationID(rootKey: rootKey, name: name) }
}
