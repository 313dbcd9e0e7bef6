internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import PeerletVM
internal import SansIO

/// An application that this node runs: its code, the owner's decision, and its store.
struct HostedApplication: Sendable {
    var peerlet: LoadedPeerlet
    var limits: InstanceLimits
    var code: RoutedMessage.Code
    /// Charged bytes of its store with what is on its way there; nil until the disk was asked.
    var storedBytes: UInt64?
    /// Its configurations, when its store is consistent.
    var ranges: RangeKeeper?
    /// Whether the nodes before this one host it too, when its store is consistent.
    var inquiry: PredecessorInquiry?
    /// What upcalls see of them; nil when its store is not consistent.
    var configured: [ConfiguredRange]?
    /// What the owner's policy tells it in `env.get` PARAMS.
    var parameters: [UInt8]
    /// Bytes that it may still write to the log.
    var log: TokenBucket
    private let exported: Set<String>

    init(
        peerlet: LoadedPeerlet,
        limits: InstanceLimits,
        parameters: [UInt8],
        code: RoutedMessage.Code,
        at now: Instant
    ) {
        self.peerlet = peerlet
        self.limits = limits
        self.parameters = parameters
        self.code = code
        log = TokenBucket(rate: limits[.log], burst: limits.logBurst, at: now)
        exported = Set(peerlet.manifest.exports)
    }

    var name: String { peerlet.manifest.name }
    var isConsistent: Bool { peerlet.manifest.storeClass == .consistent }

    /// Whether its instances are brought back as they were: it writes and reads snapshots.
    var keepsSnapshots: Bool { exports(.snapshot) && exports(.restore) }

    func exports(_ upcall: Upcall) -> Bool { exported.contains(upcall.name) }

    /// Whether an event with so much payload fits the peerlet's inbox.
    func fits(_ upcall: Upcall, payload: Int) -> Bool {
        EventBlock.fits(upcall, payload: payload, in: peerlet.program.image.memory)
    }

    /// The instance that a message is for: the node's, or that of its key.
    func instance(for message: RoutedMessage) -> InstanceID {
        instance(for: message.destination)
    }

    func instance(for key: Identifier) -> InstanceID {
        InstanceID(
            application: peerlet.application,
            key: peerlet.manifest.instanceClass == .keyed ? key : nil
        )
    }

    /// Methods that clients may call by name: `NAME` for the export `client_NAME`.
    var methods: [String] {
        peerlet.manifest.exports
            .filter { $0.hasPrefix("client_") && Upcall(name: $0) == nil }
            .map { String($0.dropFirst("client_".count)) }
    }

    /// The exported function that serves a client's method: `client_NAME`, else `client`.
    func serves(method: String) -> Bool {
        methods.contains(method) || exports(.client)
    }
}
