package import KBR
package import PROSTNode
package import PeerletRuntime
internal import SansIO

/// One machine of the simulated network: a production node, its lane and its disk.
package struct SimulatedHost {
    package let handle: NodeHandle
    /// Nil while the machine is down; beside the others, so that their rows lie close together.
    private(set) var running: RunningNode?
    /// Nil until a peerlet runs there.
    private var lane: MachineStore?
    package var store = MemoryStore()
    /// Grows with every start, so that what was under way for an earlier run is dropped.
    var incarnation: UInt64 = 0
    var wake: Instant?
    /// When the lane has done all that waits for it, the disk all that was committed, the line all
    /// that was sent, and the processor all that arrived.
    var laneIsFree = Instant.zero
    var diskIsFree = Instant.zero
    var lineIsFree = Instant.zero
    var processorIsFree = Instant.zero
    var connections = ConnectionTable()
    /// Its disk takes nothing more: batches fail, and none of them is kept.
    package var diskFails = false
    /// Its processor needs this many times as long, where the settings give inputs a time.
    package internal(set) var slowness: UInt64 = 1
    /// Which side of a partition it is on.
    package internal(set) var side: UInt8 = 0
    package var events: [NodeEvent] = []
    package var hasLeft = false
    package internal(set) var traffic = Traffic()

    init(handle: NodeHandle) { self.handle = handle }

    package var isUp: Bool { running != nil }

    /// Nil while the machine is down.
    package var node: Node? {
        get { running?.node }
        set { running = newValue.map(RunningNode.init) }
    }

    var machines: MachineStore {
        mutating get {
            if let lane { return lane }
            let new = MachineStore()
            lane = new
            return new
        }
    }

    mutating func forgetMachines() { lane = nil }
}

/// What a machine has sent.
package struct Traffic: Hashable, Sendable {
    /// Of the ring's own protocol.
    package var maintenanceFrames: UInt64 = 0
    package var maintenanceBytes: UInt64 = 0
    package var otherFrames: UInt64 = 0
    package var otherBytes: UInt64 = 0
    /// Connections that it opened.
    package var connections: UInt64 = 0
    package var connectionBytes: UInt64 = 0

    package init() {}

    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.maintenanceFrames += right.maintenanceFrames
        sum.maintenanceBytes += right.maintenanceBytes
        sum.otherFrames += right.otherFrames
        sum.otherBytes += right.otherBytes
        sum.connections += right.connections
        sum.connectionBytes += right.connectionBytes
        return sum
    }
}

/// The one place where a machine's node is.
final class RunningNode {
    var node: Node

    init(_ node: Node) { self.node = node }
}
