package import KBR
package import PROSTNode
package import PeerletRuntime
internal import SansIO

/// One machine of the simulated network: a production node, its lane and its disk.
package struct SimulatedHost {
    package let handle: NodeHandle
    /// Nil while the machine is down.
    package var node: Node?
    var machines = MachineStore()
    package var store = MemoryStore()
    /// Grows with every start, so that what was under way for an earlier run is dropped.
    var incarnation: UInt64 = 0
    var wake: Instant?
    /// When the lane has done all that waits for it, and the disk all that was committed.
    var laneIsFree = Instant.zero
    var diskIsFree = Instant.zero
    /// Hosts with an open connection.
    var peers: Set<Int> = []
    /// Its disk takes nothing more: batches fail, and none of them is kept.
    package var diskFails = false
    package var events: [NodeEvent] = []
    package var hasLeft = false

    init(handle: NodeHandle) { self.handle = handle }

    package var isUp: Bool { node != nil }
}
