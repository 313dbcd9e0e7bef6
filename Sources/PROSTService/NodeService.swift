internal import Chord
package import Cryptography
package import KBR
package import Logging
package import NIOCore
package import PROSTNode
package import PROSTTransport
internal import PeerletBytecode
package import PeerletRuntime
internal import SansIO
internal import Wire

/// The shell around a node: carries out its effects with real sockets, threads, a disk and clocks.
///
/// Everything but the lanes and the store's writer happens on one event loop, which is the only
/// owner of the core.
package final class NodeService {
    package struct Settings: Sendable {
        package var node = NodeConfiguration()
        package var policy = NodePolicy()
        package var totals = NodeTotals()
        package var listen: Endpoint
        /// What other nodes dial; nil: the address listened on.
        package var advertise: Endpoint?
        package var lanes = 1
        package var joinToken: JoinToken?
        package var operatorKey: PublicKey?
        package var transport = TransportConfiguration()

        package init(listen: Endpoint) { self.listen = listen }
    }

    package let eventLoop: any EventLoop
    package let directory: DataDirectory
    package private(set) var handle: NodeHandle
    /// The node's raw Ed25519 key, 32 bytes.
    package private(set) var publicKey: [UInt8] = []
    var node: Node
    let transport: RingTransport
    let socket: LocalSocketServer
    let store: SQLiteStore
    let logger: Logger
    private(set) var writer: StoreWriter?
    private(set) var lanes: LanePool?
    var clients = LocalClients()
    private var effects = EffectBuffer<NodeEffect>()
    private var isHandling = false
    private var waiting: [NodeInput] = []
    private var wake: (time: Instant, task: Scheduled<Void>)?
    private var leftPromise: EventLoopPromise<Void>
    private var expiry: RepeatedTask?
    /// Downloads under way, by attempt.
    var downloads: [UInt64: Task<Void, Never>] = [:]
    /// Lines logged in the current second, by event.
    var logWindows: [String: (second: UInt64, lines: Int)] = [:]
    /// Why the store can no longer be written; nil while it can.
    package private(set) var storeError: StoreError?

    /// Opens the folder's store and key, listens, and makes the node; it is in no ring yet.
    ///
    /// To be called on the event loop's thread only through `start`.
    private init(
        eventLoop: any EventLoop,
        directory: DataDirectory,
        settings: Settings,
        node: Node,
        transport: RingTransport,
        store: SQLiteStore,
        logger: Logger,
        handle: NodeHandle
    ) {
        self.eventLoop = eventLoop
        self.directory = directory
        self.node = node
        self.transport = transport
        self.store = store
        self.logger = logger
        self.handle = handle
        socket = LocalSocketServer(eventLoop: eventLoop)
        leftPromise = eventLoop.makePromise(of: Void.self)
    }

    /// Starts a service on `eventLoop`.
    package static func start(
        on eventLoop: any EventLoop,
        directory: DataDirectory,
        settings: Settings,
        logger: Logger
    ) async throws -> NIOLoopBound<NodeService> {
        let key = try directory.nodeKey()
        let store = try SQLiteStore(path: directory.storeFile)
        let stored = try StoredNode(from: store)
        let seed = try SystemRandom.seed()
        let identity = try LocalIdentity(
            key: key,
            endpoint: settings.advertise ?? settings.listen,
            sequence: SystemClock.wall.milliseconds,
            joinToken: settings.joinToken,
            now: SystemClock.wall.milliseconds
        )
        return try await eventLoop.flatSubmit { () -> EventLoopFuture<NIOLoopBound<NodeService>> in
            do {
                let transport = try makeTransport(eventLoop, identity, settings)
                return transport.start(listening: settings.listen).assumeIsolated()
                    .flatMapThrowing { _ in
                        let handle = transport.advertised
                        let node = Node(
                            handle: handle,
                            configuration: settings.node,
                            policy: settings.policy,
                            totals: settings.totals,
                            seed: seed,
                            stored: stored
                        )
                        let service = NodeService(
                            eventLoop: eventLoop,
                            directory: directory,
                            settings: settings,
                            node: node,
                            transport: transport,
                            store: store,
                            logger: logger,
                            handle: handle
                        )
                        service.wire(key: key, lanes: settings.lanes)
                        return service
                    }
                    .flatMap { service in
                        service.socket.start(path: directory.socketFile).assumeIsolated().map {
                            NIOLoopBound(service, eventLoop: eventLoop)
                        }
                        .nonisolated()
                    }
                    .nonisolated()
            } catch {
                return eventLoop.makeFailedFuture(error)
            }
        }.get()
    }

    private static func makeTransport(
        _ eventLoop: any EventLoop,
        _ identity: LocalIdentity,
        _ settings: Settings
    ) throws -> RingTransport {
        let profile = RingProfile(
            name: settings.node.ring,
            successorListLength: UInt8(clamping: settings.node.chord.successorListLength),
            replicaCount: UInt8(clamping: settings.node.replicas),
            priceTable: UInt32(OpcodeTable.priceVersion)
        )
        return try RingTransport(
            eventLoop: eventLoop,
            profile: profile,
            identity: identity,
            authentication: .ed25519(
                ring: settings.node.ring,
                operatorKey: settings.operatorKey,
                wallClock: { SystemClock.wall.milliseconds }
            ),
            configuration: settings.transport
        )
    }

    /// Connects the parts; lanes and writer answer on the loop.
    private func wire(key: PrivateKey, lanes count: Int) {
        publicKey = key.publicKey.raw
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let loop = eventLoop
        let deliver: @Sendable (NodeInput) -> Void = { input in
            loop.execute { bound.value.input(input) }
        }
        writer = StoreWriter(store: store) { number, error in
            deliver(.committed(batch: number, error))
            if let error { loop.execute { bound.value.storeFailed(error) } }
        }
        lanes = LanePool(
            count: count,
            store: store,
            environment: MachineEnvironment(signer: NodeKeySigner(key)),
            deliver: deliver
        )
        transport.onEvent = { bound.value.heard($0) }
        socket.onEvent = { bound.value.heard($0) }
        expiry = eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(30),
            delay: .seconds(30)
        ) { _ in bound.value.lanes?.submit(.expire(SystemClock.wall)) }
    }

    /// Nothing can be acknowledged any more: the node leaves, and its replicas take over.
    private func storeFailed(_ error: StoreError) {
        guard storeError == nil else { return }
        storeError = error
        logger.critical("store.failed", metadata: ["error": "\(error)"])
        input(.leave)
    }

    // MARK: The core

    /// One step of the core, then what it asks for.
    ///
    /// An effect may bring the next input at once; it waits for its turn.
    package func input(_ input: NodeInput) {
        waiting.append(input)
        guard !isHandling else { return }
        isHandling = true
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            for input in batch {
                node.handle(input, at: SystemClock.now, emit: &effects)
                for effect in effects.drain() { carryOut(effect) }
            }
        }
        isHandling = false
        scheduleWake()
    }

    private func scheduleWake() {
        guard let next = node.nextDeadline() else { return }
        if let wake, wake.time <= next { return }
        wake?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let delay = next.since(SystemClock.monotonic).nanoseconds
        let task = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: delay))) {
            bound.value.wake = nil
            bound.value.input(.wake)
        }
        wake = (next, task)
    }

    // MARK: Ring

    /// Dials an address to learn who is there; the node joins through it.
    package func contact(_ address: JoinAddress) -> EventLoopFuture<NodeHandle> {
        transport.connect(
            host: address.address.host,
            port: Int(address.address.port),
            expecting: address.id
        ).map { $0.node }
    }

    /// Members of the ring that this node was in when it last ran.
    package var knownContacts: [NodeHandle] { node.contacts }

    /// Reads the policy file again; a wrong one changes nothing.
    package func reloadPolicy(_ path: String) {
        do {
            input(.policy(try PolicyFile.load(path: path)))
        } catch {
            logger.error("policy.rejected", metadata: ["error": .string("\(error)")])
        }
    }

    /// Completes when the node has left its ring.
    package var left: EventLoopFuture<Void> { leftPromise.futureResult }

    /// Whether it was told to leave and is in no ring any more.
    package private(set) var isGone = false

    func hasLeft() {
        isGone = true
        leftPromise.succeed(())
    }

    /// Joins unless it was told to leave meanwhile.
    package func join(_ contacts: [NodeHandle]) {
        guard !isGone else { return }
        input(.join(contacts))
    }

    /// Closes everything; what was committed is on disk, and no thread of the service is left.
    package func shutdown() -> EventLoopFuture<Void> {
        wake?.task.cancel()
        expiry?.cancel()
        for download in downloads.values { download.cancel() }
        leftPromise.succeed(())
        let lanes = lanes?.close(on: eventLoop) ?? eventLoop.makeSucceededVoidFuture()
        // After the lanes: what they reported last may still be committed.
        let writer = writer
        let loop = eventLoop
        let workers = lanes.flatMap { writer?.close(on: loop) ?? loop.makeSucceededVoidFuture() }
        return .andAllComplete([workers, socket.shutdown(), transport.shutdown()], on: eventLoop)
    }
}
