package import KBR
package import PeerletRuntime
package import SansIO
package import Wire

/// One node's part in the configurations of one application's consistent store
/// (`Spec/consistency.md`): promises, accepts and hands over as a member, and takes over what the
/// ring gives it.
///
/// No I/O: rows are read and written by the driver, which must make batches durable in the order
/// of their `commit` effects together with those of the application.
package struct RangeKeeper: Sendable {
    package enum Input: Sendable {
        case neighborhood(RangeNeighborhood)
        case message(RangeMessage, from: NodeHandle)
        case durable(UInt64)
        case rows(UInt64, RowPage)
        case digest(UInt64, RangeDigest)
        case wake
        /// Ask the successor to take everything over; `readyToLeave` follows.
        case prepareToLeave
    }

    package enum Effect: Sendable {
        case send(RangeMessage, to: NodeHandle)
        case commit(StoreBatch, UInt64)
        /// Read a page of durable rows with `ArcScan`.
        case readRows(UInt64, RingInterval, after: [UInt8]?)
        case readDigest(UInt64, RingInterval)
        case rangesChanged([ConfiguredRange])
        /// Replaces the earlier wake.
        case wake(at: Instant)
        case readyToLeave
    }

    package let application: ApplicationID

    /// `rows`: all of `StoreSpace.node` whose keys begin with `rowPrefix(of: application)`.
    package init(
        application: ApplicationID,
        local: NodeHandle,
        replicas: Int,
        random: DeterministicRandom,
        restoring rows: [StoreRow]
    ) throws(WireError) {
        self.application = application
    }

    package mutating func handle(_ input: Input, now: Instant) -> [Effect] { [] }

    /// Where this application's segments are kept in `StoreSpace.node`.
    package static func rowPrefix(of application: ApplicationID) -> [UInt8] { [] }

    /// What a node that does not host the application answers; nil: nothing.
    package static func refusal(
        of message: RangeMessage,
        successors: [NodeHandle]
    ) -> RangeMessage? { nil }

    /// The epoch in which this node serves `key` as root; nil: answer UNSURE.
    package func epoch(for key: Identifier) -> UInt64? { nil }

    /// Whether a change that `root` sent under `epoch` may be stored here now.
    package func accepts(_ key: Identifier, epoch: UInt64, root: Identifier) -> Bool { false }

    /// Whether an upcall about `key` that ran under `epoch` may have its effects.
    package func isCurrent(_ key: Identifier, epoch: UInt64) -> Bool { false }

    package var status: RangeStatus { RangeStatus() }
}

/// The ring as a keeper sees it.
package struct RangeNeighborhood: Hashable, Sendable {
    /// Nearest first, without this node.
    package var successors: [NodeHandle]
    package var predecessor: NodeHandle?
    /// The arc this node is the first hosting node of; nil while the ring is not sure.
    package var range: RingInterval?

    package init(successors: [NodeHandle], predecessor: NodeHandle?, range: RingInterval?) {
        self.successors = successors
        self.predecessor = predecessor
        self.range = range
    }
}

/// For `prost status`; a node is done when the last two are zero.
package struct RangeStatus: Hashable, Sendable {
    /// Arcs served as root.
    package var serving = 0
    /// Parts of the node's range that it does not serve.
    package var acquiring = 0
    /// Served arcs that lack a replica which the ring could hold.
    package var underReplicated = 0

    package init() {}
}
