internal import KBR
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import Wire

/// One connection's channel handler: carries bytes and time to its state machine, and the
/// machine's actions out.
///
/// Everything runs on the node's event loop.
final class RingConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let number: UInt64
    /// The dial this connection belongs to, nil for one that came in.
    let attempt: DialAttempt?
    let address: Endpoint?
    private let transport: RingTransport
    private let verifier: CertificateVerifier
    private let meter: RecordMeter
    private let tls: NIOSSLHandler
    private var machine: ConnectionStateMachine
    private(set) var clock: ConnectionClock
    private var parser = FrameParser(limit: WireLimits.handshakeFrame)
    private var context: ChannelHandlerContext?
    /// Batches given to the socket and not confirmed, oldest first.
    private var inFlight = CircularBuffer<[Frame]>()
    private var isFlushScheduled = false
    private var isClosing = false
    /// Who was accepted on this connection, also after its end.
    private(set) var accepted: PeerIdentity?

    init(
        number: UInt64,
        attempt: DialAttempt?,
        address: Endpoint?,
        machine: ConnectionStateMachine,
        verifier: CertificateVerifier,
        meter: RecordMeter,
        tls: NIOSSLHandler,
        transport: RingTransport
    ) {
        self.number = number
        self.attempt = attempt
        self.address = address
        self.machine = machine
        self.verifier = verifier
        self.meter = meter
        self.tls = tls
        self.transport = transport
        clock = ConnectionClock(openedAt: .now())
    }

    var isOpen: Bool { machine.isOpen }
    var end: ConnectionEnd? { machine.end }
    var isDialled: Bool { attempt != nil }

    // MARK: - Channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(machine.broken(.disconnected))
        self.context = nil
        transport.released(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted(let negotiated) = event {
            secured(negotiated)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        meter.plaintextReceived += UInt64(buffer.readableBytes)
        transport.counters.bytesReceived += UInt64(buffer.readableBytes)
        guard machine.end == nil else { return }
        parser.receive(buffer.readableBytesView)
        var completed = false
        while machine.end == nil {
            do {
                guard let frame = try parser.next() else { break }
                completed = true
                meter.framesReceived += 1
                transport.counters.framesReceived += 1
                perform(machine.received(frame) { transport.admit($0, on: self) })
            } catch {
                perform(machine.malformed(error))
            }
        }
        clock.received(completed: completed, isPartial: parser.pending > 0, at: .now())
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        flush()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(machine.broken(.disconnected))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case NIOSSLError.uncleanShutdown = error { return }
        let end = (error as? ConnectionEnd) ?? .tls(verifier.failure ?? "\(error)")
        perform(machine.broken(machine.peer == nil ? end : brokenWhileOpen(error)))
    }

    private func brokenWhileOpen(_ error: any Error) -> ConnectionEnd {
        if let end = error as? ConnectionEnd { return end }
        return error is IOError ? .disconnected : .tls("\(error)")
    }

    private func secured(_ negotiated: String?) {
        guard negotiated == TLSContexts.applicationProtocol else {
            let offered = negotiated.map { "\"\($0)\"" } ?? "none"
            return perform(machine.broken(.tls("application protocol \(offered)")))
        }
        guard tls.tlsVersion == .tlsv13, let publicKey = verifier.publicKey else {
            return perform(machine.broken(.tls("no certificate was shown on this connection")))
        }
        perform(machine.secured(publicKey: publicKey))
    }

    // MARK: - Inputs from the transport

    /// Closes in order: what was taken is written, the goodbyes are exchanged.
    func leave(_ goodbye: Goodbye) { perform(machine.leave(goodbye)) }

    /// Closes at once.
    func breakOff(_ end: ConnectionEnd) { perform(machine.broken(end)) }

    func checkDeadlines(at now: NIODeadline, limits: ConnectionTimeLimits) {
        guard machine.end == nil else { return }
        if let deadline = clock.expired(at: now, limits: limits) {
            perform(machine.timedOut(deadline))
        }
    }

    /// Writes what waits for the peer at the end of this turn of the loop, as one record.
    func scheduleFlush() {
        guard !isFlushScheduled, let context else { return }
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    // MARK: - Writing

    private func flush() {
        while machine.isOpen, let context, context.channel.isWritable {
            let batch = transport.nextBatch(for: self)
            guard !batch.isEmpty else { return }
            inFlight.append(batch)
            write(batch, in: context)
        }
    }

    /// Hands everything that waits to the socket, writable or not: the last words before a goodbye.
    func flushAll() {
        while machine.isOpen, let context {
            let batch = transport.nextBatch(for: self)
            guard !batch.isEmpty else { return }
            inFlight.append(batch)
            write(batch, in: context)
        }
    }

    private func write(_ batch: [Frame], in context: ChannelHandlerContext) {
        let size = batch.reduce(0) { $0 + OutboundQueue.size($1) }
        var buffer = context.channel.allocator.buffer(capacity: size)
        for frame in batch { buffer.writeFrame(frame) }
        transport.counters.bytesSent += UInt64(size)
        transport.counters.framesSent += UInt64(batch.count)
        clock.writeStarted(at: .now())
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { self.written() }
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }

    /// The oldest batch is in the socket.
    private func written() {
        _ = inFlight.popFirst()
        clock.writeProgressed(isMore: !inFlight.isEmpty, at: .now())
        if machine.isDraining, inFlight.isEmpty { perform(machine.drained()) }
        flush()
    }

    // MARK: - Actions

    private func perform(_ actions: [ConnectionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let frame): send(frame)
            case .opened(let peer): opened(peer)
            case .deliver(let frame, let peer): transport.deliver(frame, from: peer)
            case .drain: drain()
            case .end(let end, let flushing): close(end, flushing: flushing)
            }
        }
    }

    private func send(_ frame: Frame) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: OutboundQueue.size(frame))
        buffer.writeFrame(frame)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func opened(_ peer: PeerIdentity) {
        parser.limit = WireLimits.frame
        clock.accepted(at: .now())
        accepted = peer
        transport.opened(self, peer)
    }

    private func drain() {
        clock.draining(at: .now())
        transport.draining(self)
        if inFlight.isEmpty { perform(machine.drained()) }
    }

    private func close(_ end: ConnectionEnd, flushing: Bool) {
        guard !isClosing else { return }
        isClosing = true
        let unconfirmed = Array(inFlight.joined())
        inFlight.removeAll()
        if flushing { context?.close(promise: nil) } else { meter.abort() }
        transport.ended(self, end, unconfirmed: unconfirmed)
    }
}

extension ByteBuffer {
    /// Length, kind, body: `Frame.encode` without its copy.
    mutating func writeFrame(_ frame: Frame) {
        writeInteger(UInt32(truncatingIfNeeded: frame.body.count + 1))
        writeInteger(frame.kind)
        writeBytes(frame.body)
    }
}
