/// What the main file says for the package's manifest (`Spec/assembly-language.md` §2.1).
package struct ManifestDirectives: Sendable, Equatable {
    package enum ApplicationType: UInt8, Sendable { case perHop = 0, endNode = 1 }
    package enum InstanceClass: String, Sendable { case node, keyed }
    package enum StoreClass: String, Sendable { case none, overlay, consistent }

    /// Nil if the file does not give one.
    package var name: String?
    /// `"MAJOR.MINOR.PATCH"` is major · 2^32 + minor · 2^16 + patch.
    package var version: UInt64 = 1 << 16
    package var applicationType = ApplicationType.endNode
    package var instanceClass = InstanceClass.node
    package var storeClass = StoreClass.none
    package var replicaCount: UInt8 = 3
    package var fuelPerUpcall: UInt64 = 100_000
    package var fuelPerSecond: UInt64 = 1_000_000
    package var memoryPages: UInt32 = 64
    package var storeBytes: UInt64 = 0
    package var messagesPerSecond: UInt32 = 100
    package var mailbox: UInt32 = 64
    /// Milliseconds since 1970 UTC; 0 = from ever.
    package var notBefore: UInt64 = 0
    /// Milliseconds since 1970 UTC; 0 = never.
    package var expires: UInt64 = 0

    package init() {}
}
