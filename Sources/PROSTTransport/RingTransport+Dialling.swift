internal import KBR
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Wire

extension RingTransport {
    /// The entry of a node, made if there is none.
    func peer(_ node: NodeHandle) -> Peer {
        if let known = peers[node.id] { return known }
        let peer = Peer(node: node, queueLimit: configuration.outboundLimit)
        peers[node.id] = peer
        return peer
    }

    func forgetIfUnused(_ peer: Peer) {
        if peer.isUnused, peers[peer.id] === peer { peers[peer.id] = nil }
    }

    /// Why a peer cannot be dialled now.
    func refusalToDial(_ id: Identifier) -> SendRefusal? {
        if let backoff = backoffs[id], !backoff.allows(at: .now()) { return .backingOff }
        let limits = configuration.limits
        if slots.count >= limits.total || slots.diallingCount >= limits.dialling {
            return .connectionLimit
        }
        return nil
    }

    func dial(_ peer: Peer) {
        peer.isDialling = true
        peer.isReconnecting = false
        let attempt = DialAttempt(expected: peer.id) { result in
            self.dialled(peer, result)
        }
        do {
            let address = try peer.node.endpoint.socketAddress()
            start(attempt) { $0.connect(to: address) }
        } catch {
            attempt.complete(.failure(.unreachable(SystemWords.reason(error))))
        }
    }

    private func dialled(_ peer: Peer, _ result: Result<PeerIdentity, ConnectionEnd>) {
        peer.isDialling = false
        guard case .failure(let end) = result else { return }
        noteFailure(of: peer.id)
        if peer.accepted.isEmpty { down(peer, end) }
        if peer.usable.isEmpty {
            failQueue(of: peer, end)
            onEvent(.rejected(address: peer.node.endpoint, end))
        }
        forgetIfUnused(peer)
    }

    func noteFailure(of id: Identifier) {
        if backoffs.count >= 1024, backoffs[id] == nil {
            let now = NIODeadline.now()
            backoffs = backoffs.filter { !$0.value.allows(at: now) }
        }
        var backoff = backoffs[id] ?? DialBackoff()
        backoff.failed(at: .now(), using: &random)
        backoffs[id] = backoff
    }

    /// Frames that will not be sent go back to the node.
    func failQueue(of peer: Peer, _ end: ConnectionEnd) {
        for frame in peer.queue.removeAll() {
            onEvent(.undeliverable(frame, to: peer.node, end))
        }
    }

    /// Dials what is due: broken peers with frames waiting, and neighbours.
    func reconnect(at now: NIODeadline) {
        guard !isShutDown else { return }
        for peer in peers.values.filter(\.isReconnecting).sorted(by: { $0.id < $1.id })
        where refusalToDial(peer.id) == nil {
            dial(peer)
        }
        for id in neighbours.keys.sorted() {
            guard let node = neighbours[id], refusalToDial(id) == nil else { continue }
            let peer = peer(node)
            peer.learn(node)
            if peer.accepted.isEmpty, !peer.isDialling { dial(peer) }
        }
    }

    /// Opens channels for an attempt by `connect`.
    func start(
        _ attempt: DialAttempt,
        _ connect: (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) {
        let bound = NIOLoopBound((self, attempt), eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.time.handshake)
            .connectionOptions()
            .channelInitializer { channel in
                let (transport, attempt) = bound.value
                return channel.eventLoop.makeCompletedFuture {
                    try transport.dialling(channel, attempt)
                }
            }
        connect(bootstrap).assumeIsolated().whenComplete { result in
            do {
                let channel = try result.get()
                let pipeline = channel.pipeline.syncOperations
                attempt.connected(try pipeline.handler(type: RingConnection.self))
            } catch {
                attempt.complete(
                    .failure(
                        (error as? ConnectionEnd) ?? .unreachable(SystemWords.reason(error))
                    )
                )
            }
        }
    }

    private func dialling(_ channel: any Channel, _ attempt: DialAttempt) throws {
        let number = newNumber()
        guard slots.dial(number) else { throw ConnectionEnd.connectionLimit }
        let verifier = CertificateVerifier(authentication: judge.authentication)
        do {
            let handler = try NIOSSLClientHandler(
                context: tls.client,
                serverHostname: nil,
                customVerificationCallback: { verifier.verify($0, $1) }
            )
            let role = ConnectionStateMachine.Role.dialler(expecting: attempt.expected)
            try assemble(channel, number, attempt, role, verifier, handler)
        } catch {
            slots.release(number)
            throw error
        }
    }

    /// A connection came in.
    func arrived(_ channel: any Channel) -> EventLoopFuture<Void> {
        let address = channel.remoteAddress.flatMap { Endpoint($0) }
        let number = newNumber()
        guard !isShutDown, let address else { return channel.close() }
        switch slots.arrive(number, from: AddressGroup(address)) {
        case .admit: break
        case .replacing(let other): connections[other]?.breakOff(.connectionLimit)
        case .refuse:
            counters.rejected += 1
            return channel.close()
        }
        return channel.eventLoop.makeCompletedFuture {
            let verifier = CertificateVerifier(authentication: judge.authentication)
            let handler = NIOSSLServerHandler(
                context: tls.server,
                customVerificationCallback: { verifier.verify($0, $1) }
            )
            do {
                try assemble(channel, number, nil, .listener, verifier, handler)
            } catch {
                slots.release(number)
                throw error
            }
        }
    }

    private func assemble(
        _ channel: any Channel,
        _ number: UInt64,
        _ attempt: DialAttempt?,
        _ role: ConnectionStateMachine.Role,
        _ verifier: CertificateVerifier,
        _ tls: NIOSSLHandler
    ) throws {
        let meter = RecordMeter()
        let connection = RingConnection(
            number: number,
            attempt: attempt,
            address: channel.remoteAddress.flatMap { Endpoint($0) },
            machine: ConnectionStateMachine(role: role, judge: judge),
            verifier: verifier,
            meter: meter,
            tls: tls,
            transport: self
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([meter, tls, connection])
        connections[number] = connection
    }
}
