internal import KBR
internal import NIOCore
internal import NIOPosix
internal import Wire

/// What connections report.
extension RingTransport {
    /// Whether a peer that passed every check gets a slot.
    func admit(_ peer: PeerIdentity, on connection: RingConnection) -> Refusal? {
        guard !isShutDown else { return Refusal(.shuttingDown, "try another node") }
        let verdict = slots.authenticate(
            connection.number,
            as: peer.id,
            neighbours: Set(neighbours.keys),
            lastActivity: { number in connections[number]?.clock.lastActivity }
        )
        switch verdict {
        case .admit: return nil
        case .refuse: return Refusal(.connectionLimit, "try another node, or later")
        case .replacing(let other):
            connections[other]?.leave(Goodbye(.makingRoom, "for another peer"))
            return nil
        }
    }

    func opened(_ connection: RingConnection, _ identity: PeerIdentity) {
        let peer = peer(identity.node)
        peer.learn(identity.node)
        peer.isReconnecting = false
        peer.add(connection)
        if !peer.isUp {
            peer.isUp = true
            onEvent(.peerUp(identity))
        }
        connection.attempt?.opened(connection, identity)
        guard let primary = peer.primary(seenFrom: judge.node.id) else { return }
        for other in peer.usable where other !== primary {
            other.leave(Goodbye(.replaced, "another connection carries the frames"))
        }
        primary.scheduleFlush()
    }

    func deliver(_ frame: Frame, from peer: PeerIdentity) {
        onEvent(.frame(frame, from: peer))
    }

    /// The connection takes no more frames.
    func draining(_ connection: RingConnection) {
        guard let id = connection.accepted?.id, let peer = peers[id] else { return }
        peer.stopUsing(connection)
        peer.primary(seenFrom: judge.node.id)?.scheduleFlush()
    }

    /// What the connection may write next; nothing unless it is the peer's primary one.
    func nextBatch(for connection: RingConnection) -> [Frame] {
        guard
            let id = connection.accepted?.id,
            let peer = peers[id],
            peer.primary(seenFrom: judge.node.id) === connection
        else { return [] }
        return peer.queue.nextBatch(byteLimit: configuration.batchLimit)
    }

    func ended(_ connection: RingConnection, _ end: ConnectionEnd, unconfirmed: [Frame]) {
        connection.attempt?.ended(connection, end)
        guard let identity = connection.accepted, let peer = peers[identity.id] else {
            counters.rejected += 1
            if !connection.isDialled { onEvent(.rejected(address: connection.address, end)) }
            return
        }
        peer.remove(connection)
        for frame in unconfirmed { onEvent(.undeliverable(frame, to: identity.node, end)) }
        if peer.accepted.isEmpty {
            // Two nodes dialled each other and the peer already uses the connection that this
            // side is about to see accepted.
            if !(peer.isDialling && end.isReplacement) { down(peer, end) }
            lost(peer, connection, end)
        }
        forgetIfUnused(peer)
    }

    /// Tells the node that the peer is gone, once.
    func down(_ peer: Peer, _ end: ConnectionEnd) {
        guard peer.isUp else { return }
        peer.isUp = false
        onEvent(.peerDown(peer.id, end))
    }

    /// Decides about the frames that wait for a peer without a connection.
    private func lost(_ peer: Peer, _ connection: RingConnection, _ end: ConnectionEnd) {
        let isOrderly = end.isOrderly
        if !isOrderly {
            if NIODeadline.now() - connection.clock.openedAt >= DialBackoff.longest {
                backoffs[peer.id] = nil
            }
            noteFailure(of: peer.id)
        }
        guard peer.usable.isEmpty, !peer.isDialling, !peer.queue.isEmpty else { return }
        if isShutDown || !(isOrderly || end == .disconnected) {
            failQueue(of: peer, end)
        } else {
            peer.isReconnecting = true
        }
    }

    /// The channel is gone.
    func released(_ connection: RingConnection) {
        slots.release(connection.number)
        connections[connection.number] = nil
        finishShutdownIfIdle()
    }
}

extension ConnectionEnd {
    /// Whether the connection ended by an agreed goodbye after which the peer is still there.
    var isOrderly: Bool {
        switch self {
        case .goodbye(let goodbye), .closed(let goodbye):
            switch goodbye.reason {
            case .replaced, .idle, .makingRoom: true
            case .leaving, .violation: false
            }
        default: false
        }
    }
}

extension ConnectionEnd {
    /// Whether another connection with the same peer took this one's place.
    var isReplacement: Bool {
        switch self {
        case .goodbye(let goodbye), .closed(let goodbye): goodbye.reason == .replaced
        default: false
        }
    }
}

/// Socket options of both directions: no Nagle delay (frames are joined already), reads of at most
/// 64 KiB so that little is held for a peer that is not accepted yet.
extension ServerBootstrap {
    func connectionOptions() -> Self {
        childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: ConnectionBuffers.receive)
            .childChannelOption(.writeBufferWaterMark, value: ConnectionBuffers.send)
    }
}

extension ClientBootstrap {
    func connectionOptions() -> Self {
        channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: ConnectionBuffers.receive)
            .channelOption(.writeBufferWaterMark, value: ConnectionBuffers.send)
    }
}

enum ConnectionBuffers {
    static var receive: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 64 * 1024)
    }

    static var send: ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1024, high: 128 * 1024)
    }
}
