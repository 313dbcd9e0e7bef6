/// What all peerlets together may take of this node; admission never reserves more.
package struct NodeTotals: Hashable, Sendable {
    /// Fuel per second.
    package var fuel: UInt64 = 200_000_000
    /// Bytes of peerlet memory.
    package var memory: UInt64 = 512 << 20
    /// Bytes of applications' stores.
    package var storage: UInt64 = 2 << 30
    /// Instances that may run at once.
    package var instances: UInt64 = 1024
    /// Applications that may run at once.
    package var applications: UInt64 = 64

    package init() {}

    /// The total that bounds a limit; nil where limits do not add up to one.
    package func bound(of limit: Limit) -> UInt64? {
        switch limit {
        case .fuel: fuel
        case .memory: memory
        case .storage: storage
        default: nil
        }
    }
}
