package import KBR
package import PeerletPackage
package import PeerletVM
package import SansIO

/// Code that may run: its manifest was checked and its program verified.
///
/// Immutable, and shared by all its invocations.
package final class LoadedPeerlet: Sendable {
    package let application: ApplicationID
    package let digest: [UInt8]
    package let manifest: Manifest
    package let program: VerifiedProgram

    package init(
        application: ApplicationID,
        digest: [UInt8],
        manifest: Manifest,
        program: VerifiedProgram
    ) {
        self.application = application
        self.digest = digest
        self.manifest = manifest
        self.program = program
    }
}

/// What one upcall may use; what is left of the instance's quotas when it starts.
package struct UpcallLimits: Hashable, Sendable {
    package var memoryPages: UInt32 = 64
    package var stackCells: Int = 8192
    package var callDepth: Int = 256
    package var sends: Int = 64
    package var sendBytes: Int = 256 * 1024
    /// Bytes that the application's store may still grow by.
    package var storeBytes: UInt64 = 0
    package var storeWrites: Int = 256
    package var timers: Int = 0
    package var requests: Int = 0
    package var watches: Int = 64
    package var logBytes: Int = 4096

    package init() {}
}

/// One upcall to be run in an execution lane (`Spec/node.md` §3).
///
/// Everything it may look at, as values, and leases of fuel and quotas. Nothing returns to
/// the core before its report.
package struct Invocation: Sendable {
    package var id: UInt64
    package var instance: InstanceID
    package var peerlet: LoadedPeerlet
    /// Start from a new machine, dropping the instance's old one.
    package var isFresh: Bool
    package var event: UpcallEvent
    package var ring: RingView
    package var now: Now
    /// Fuel for the bytecode and host calls of this upcall.
    package var fuel: UInt64
    /// What the message that caused it has beyond that: pays for budgets of messages, not for code.
    package var spareBudget: UInt64 = 0
    package var limits: UpcallLimits
    /// Tokens and timer identifiers that this upcall may hand out, upwards from here.
    package var firstToken: UInt64
    package var firstTimer: UInt64
    /// Seed of `cr.random` for this upcall.
    package var seed: UInt64
    /// Key of `cr.mac`: a secret of this instance on this node.
    package var secret: [UInt8]
    package var parameters: [UInt8]
    package var clients: [UInt64]
    /// Smoothed round trips and liveness of nodes, for `kbr.proximity` and `kbr.alive`.
    package var peers: PeerObservations
    /// The instance's own batches that are not yet durable, oldest first; it reads through them.
    package var pendingBatches: [StoreBatch]

    package init(
        id: UInt64,
        instance: InstanceID,
        peerlet: LoadedPeerlet,
        isFresh: Bool,
        event: UpcallEvent,
        ring: RingView,
        now: Now,
        fuel: UInt64,
        limits: UpcallLimits
    ) {
        self.id = id
        self.instance = instance
        self.peerlet = peerlet
        self.isFresh = isFresh
        self.event = event
        self.ring = ring
        self.now = now
        self.fuel = fuel
        self.limits = limits
        firstToken = 1
        firstTimer = 1
        seed = 0
        secret = []
        parameters = []
        clients = []
        peers = PeerObservations()
        pendingBatches = []
    }
}

/// What the node has measured of other nodes.
package struct PeerObservations: Sendable {
    package var roundTripMicroseconds: [Identifier: UInt64] = [:]
    package var suspected: Set<Identifier> = []
    package var dead: Set<Identifier> = []

    package init() {}
}
