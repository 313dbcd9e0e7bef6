package import KBR
package import NIOCore
internal import NIOPosix
package import Wire

/// A node's connections with its ring: one listener and the connections that came in or were
/// dialled, all on the node's event loop (`Spec/wire.md` §5).
///
/// Every method must be called on that loop; `onEvent` is called on it and may call back.
package final class RingTransport {
    package let eventLoop: any EventLoop
    package let configuration: TransportConfiguration
    package var onEvent: (TransportEvent) -> Void = { _ in }

    let tls: TLSContexts
    var judge: HandshakeJudge
    var counters = TransportStatistics()
    var slots: ConnectionSlots
    var connections: [UInt64: RingConnection] = [:]
    var peers: [Identifier: Peer] = [:]
    var backoffs: [Identifier: DialBackoff] = [:]
    var neighbours: [Identifier: NodeHandle] = [:]
    var random = SystemRandomNumberGenerator()
    var isShutDown = false
    private var nextNumber: UInt64 = 0
    private var listener: (any Channel)?
    private var sweep: RepeatedTask?
    private var shutdownPromise: EventLoopPromise<Void>?

    /// Throws if the certificate or key cannot be used for TLS.
    package init(
        eventLoop: any EventLoop,
        profile: RingProfile,
        identity: LocalIdentity,
        authentication: PeerAuthentication,
        configuration: TransportConfiguration = TransportConfiguration()
    ) throws {
        ignoreBrokenPipeSignal()
        self.eventLoop = eventLoop
        self.configuration = configuration
        tls = try TLSContexts(identity: identity)
        slots = ConnectionSlots(limits: configuration.limits)
        judge = HandshakeJudge(
            profile: profile,
            node: identity.node,
            joinToken: identity.joinToken,
            authentication: authentication
        )
    }

    /// This node as its peers are told to reach it; a change holds for new connections.
    package var advertised: NodeHandle {
        get { judge.node }
        set { judge.node = newValue }
    }

    package var statistics: TransportStatistics {
        var snapshot = counters
        snapshot.connections = slots.count
        snapshot.unauthenticated = slots.unauthenticatedCount
        snapshot.dialling = slots.diallingCount
        for peer in peers.values {
            if !peer.accepted.isEmpty { snapshot.peers += 1 }
            snapshot.queuedBytes += peer.queue.byteCount
        }
        return snapshot
    }

    // MARK: - Life

    /// Listens; gives the endpoint bound.
    ///
    /// A port 0 in the advertised address becomes its port.
    package func start(listening endpoint: Endpoint) -> EventLoopFuture<Endpoint> {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let address: SocketAddress
        do { address = try endpoint.socketAddress() } catch {
            return eventLoop.makeFailedFuture(error)
        }
        startSweeping()
        return ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .connectionOptions()
            .childChannelInitializer { channel in
                bound.value.arrived(channel)
            }
            .bind(to: address)
            .assumeIsolated()
            .flatMapThrowing { channel in try self.listening(channel) }
            .nonisolated()
    }

    private func listening(_ channel: any Channel) throws -> Endpoint {
        guard !isShutDown, let local = channel.localAddress, let endpoint = Endpoint(local) else {
            channel.close(promise: nil)
            throw ConnectionEnd.shutdown
        }
        listener = channel
        if judge.node.endpoint.port == 0 {
            let host = judge.node.endpoint.isUnspecified ? endpoint : judge.node.endpoint
            judge.node.endpoint = Endpoint(address: host.address, port: endpoint.port)
        }
        return endpoint
    }

    /// Takes no more frames, writes what waits, says goodbye to all, and closes; the future
    /// completes when every connection is gone.
    package func shutdown() -> EventLoopFuture<Void> {
        if let shutdownPromise { return shutdownPromise.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        shutdownPromise = promise
        isShutDown = true
        listener?.close(promise: nil)
        for peer in peers.values.sorted(by: { $0.id < $1.id }) {
            peer.primary(seenFrom: judge.node.id)?.flushAll()
            failQueue(of: peer, .shutdown)
        }
        for number in connections.keys.sorted() {
            connections[number]?.leave(Goodbye(.leaving, "the node shuts down"))
        }
        finishShutdownIfIdle()
        return promise.futureResult
    }

    func finishShutdownIfIdle() {
        guard isShutDown, connections.isEmpty, let shutdownPromise else { return }
        sweep?.cancel()
        shutdownPromise.succeed(())
    }

    // MARK: - Frames and peers

    /// Queues a frame for a node and dials it if need be.
    package func send(
        _ frame: Frame,
        to node: NodeHandle,
        priority: FramePriority
    ) -> SendOutcome {
        guard !isShutDown else { return .refused(.shutdown) }
        guard
            !TransportFrameKind.reserved.contains(frame.kind),
            frame.body.count <= WireLimits.frame,
            node.id != judge.node.id
        else { return .refused(.invalidFrame) }
        let peer = peer(node)
        peer.learn(node)
        if let connection = peer.primary(seenFrom: judge.node.id) {
            guard peer.queue.append(frame, priority) else { return .refused(.queueFull) }
            connection.scheduleFlush()
            return .queued
        }
        if !peer.isDialling, !peer.isReconnecting {
            if let refusal = refusalToDial(peer.id) {
                forgetIfUnused(peer)
                return .refused(refusal)
            }
            dial(peer)
        }
        return peer.queue.append(frame, priority) ? .queued : .refused(.queueFull)
    }

    /// Dials an address, `expected` if its node is known; fails with `ConnectionEnd`.
    ///
    /// The host may be a name.
    package func connect(
        host: String,
        port: Int,
        expecting expected: Identifier?
    ) -> EventLoopFuture<PeerIdentity> {
        let promise = eventLoop.makePromise(of: PeerIdentity.self)
        guard !isShutDown else {
            promise.fail(ConnectionEnd.shutdown)
            return promise.futureResult
        }
        startSweeping()
        let attempt = DialAttempt(expected: expected) { result in
            promise.completeWith(result.mapError { $0 as any Error })
        }
        start(attempt) { $0.connect(host: host, port: port) }
        return promise.futureResult
    }

    /// The nodes whose connections have reserved slots and are kept up.
    package func setNeighbours(_ nodes: [NodeHandle]) {
        neighbours = [:]
        for node in nodes where node.id != judge.node.id { neighbours[node.id] = node }
    }

    /// Says goodbye to a peer on all its connections; what waits for it comes back.
    package func close(_ id: Identifier, _ goodbye: Goodbye) {
        guard let peer = peers[id] else { return }
        peer.isReconnecting = false
        failQueue(of: peer, .closed(goodbye))
        for connection in peer.usable { connection.leave(goodbye) }
        forgetIfUnused(peer)
    }

    /// The peers with an accepted connection.
    package var connectedPeers: [PeerIdentity] {
        peers.values.compactMap { $0.accepted.last?.accepted }.sorted { $0.id < $1.id }
    }

    // MARK: - Time

    func newNumber() -> UInt64 {
        nextNumber += 1
        return nextNumber
    }

    private func startSweeping() {
        guard sweep == nil, !isShutDown else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let interval = configuration.sweepInterval
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.checkDeadlines(at: .now())
        }
    }

    private func checkDeadlines(at now: NIODeadline) {
        for number in connections.keys.sorted() {
            connections[number]?.checkDeadlines(at: now, limits: configuration.time)
        }
        reconnect(at: now)
    }
}
