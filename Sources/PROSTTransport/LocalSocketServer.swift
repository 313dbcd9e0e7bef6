internal import Glibc
package import NIOCore
internal import NIOPosix
package import Wire

/// One local client's connection, never used twice.
package struct LocalClientID: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

package enum LocalSocketEvent: Sendable {
    case opened(LocalClientID)
    case frame(Frame, from: LocalClientID)
    case closed(LocalClientID)
}

/// The node's Unix socket for commands and local clients, on the node's event loop.
///
/// Every method must be called on that loop; `onEvent` is called on it and may call back.
package final class LocalSocketServer {
    package let eventLoop: any EventLoop
    package var onEvent: (LocalSocketEvent) -> Void = { _ in }

    let configuration: LocalSocketConfiguration
    private var listener: (any Channel)?
    private var path: String?
    private var clients: [LocalClientID: LocalSocketConnection] = [:]
    private var nextNumber: UInt64 = 0
    private var isShutDown = false

    package init(
        eventLoop: any EventLoop,
        configuration: LocalSocketConfiguration = LocalSocketConfiguration()
    ) {
        ignoreBrokenPipeSignal()
        self.eventLoop = eventLoop
        self.configuration = configuration
    }

    /// Listens at `path` with mode 0600; fails with `LocalSocketError`.
    ///
    /// A socket file left behind by a dead process is replaced, one that answers is not.
    package func start(path: String) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let loop = eventLoop
        return ClientBootstrap(group: loop)
            .connect(unixDomainSocketPath: path)
            .flatMap { channel in channel.close() }
            .map { true }
            .recover { _ in false }
            .flatMap { answers -> EventLoopFuture<any Channel> in
                guard !answers else {
                    return loop.makeFailedFuture(LocalSocketError.inUse(path: path))
                }
                return ServerBootstrap(group: loop)
                    .serverChannelOption(.backlog, value: 64)
                    .childChannelInitializer { bound.value.arrived($0) }
                    .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
            }
            .flatMapThrowing { try bound.value.listening($0, path: path) }
            .flatMapErrorThrowing { error in
                if error is LocalSocketError { throw error }
                throw LocalSocketError.cannotListen(path: path, reason: "\(error)")
            }
    }

    private func listening(_ channel: any Channel, path: String) throws {
        // Between bind and this the mode is the process's default; whoever got in is still held
        // to his user id.
        guard unsafe chmod(path, 0o600) == 0 else {
            let code = errno
            channel.close(promise: nil)
            throw IOError(errnoCode: code, reason: "chmod")
        }
        listener = channel
        self.path = path
    }

    /// False if there is no such client, or it reads so slowly that it is given up.
    @discardableResult
    package func send(_ frame: Frame, to client: LocalClientID) -> Bool {
        clients[client]?.send(frame) ?? false
    }

    /// Writes what waits for a client, then closes its connection.
    package func close(_ client: LocalClientID) { clients[client]?.finish() }

    package var clientCount: Int { clients.count }

    /// Closes all connections after what waits for them, and removes the socket file.
    package func shutdown() -> EventLoopFuture<Void> {
        guard !isShutDown else { return eventLoop.makeSucceededVoidFuture() }
        isShutDown = true
        let closing = clients.keys.sorted().compactMap { clients[$0] }.map { client in
            client.finish()
            return client.closed
        }
        if let path { _ = unsafe unlink(path) }
        let listening = listener?.close() ?? eventLoop.makeSucceededVoidFuture()
        return EventLoopFuture.andAllComplete([listening] + closing, on: eventLoop)
    }

    private func arrived(_ channel: any Channel) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return SocketCredentials.peer(of: channel).flatMap { credentials in
            bound.value.admit(channel, credentials)
        }
    }

    private func admit(
        _ channel: any Channel,
        _ credentials: SocketCredentials
    ) -> EventLoopFuture<Void> {
        guard
            !isShutDown,
            clients.count < configuration.clients,
            clients.values.count(where: { $0.process == credentials.process })
                < configuration.clientsPerProcess,
            configuration.isUserAllowed(credentials.user)
        else { return channel.close() }
        nextNumber += 1
        let client = LocalClientID(number: nextNumber)
        let connection = LocalSocketConnection(
            client: client,
            process: credentials.process,
            channel: channel,
            server: self
        )
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(connection)
            clients[client] = connection
        }
    }

    func opened(_ connection: LocalSocketConnection) { onEvent(.opened(connection.client)) }

    func received(_ frame: Frame, on connection: LocalSocketConnection) {
        onEvent(.frame(frame, from: connection.client))
    }

    func closed(_ connection: LocalSocketConnection) {
        guard clients.removeValue(forKey: connection.client) != nil else { return }
        onEvent(.closed(connection.client))
    }
}

/// The channel handler of one local client.
final class LocalSocketConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let client: LocalClientID
    /// Who connected; may be gone or have passed the connection on since.
    let process: Int32
    private let channel: any Channel
    private let server: LocalSocketServer
    private var parser = FrameParser()
    private var queue: OutboundQueue
    private var isFlushScheduled = false
    private var isFinishing = false
    private var isOpen = false
    private var deadline: Scheduled<Void>?

    init(
        client: LocalClientID,
        process: Int32,
        channel: any Channel,
        server: LocalSocketServer
    ) {
        self.client = client
        self.process = process
        self.channel = channel
        self.server = server
        queue = OutboundQueue(limit: server.configuration.outboundLimit)
    }

    var closed: EventLoopFuture<Void> { channel.closeFuture }

    func channelActive(context: ChannelHandlerContext) {
        isOpen = true
        server.opened(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.receive(unwrapInboundIn(data).readableBytesView)
        while !isFinishing {
            do {
                guard let frame = try parser.next() else { return }
                server.received(frame, on: self)
            } catch {
                return abort()
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        flush()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        isFinishing = true
        deadline?.cancel()
        server.closed(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { abort() }

    func send(_ frame: Frame) -> Bool {
        guard !isFinishing else { return false }
        guard queue.append(frame, .control) else {
            abort()
            return false
        }
        scheduleFlush()
        return true
    }

    func finish() {
        guard !isFinishing else { return }
        isFinishing = true
        scheduleFlush()
        // For a client that does not read.
        deadline = channel.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) {
            self.channel.close(promise: nil)
        }
    }

    private func abort() {
        isFinishing = true
        channel.close(promise: nil)
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        channel.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    private func flush() {
        while isOpen, channel.isWritable, !queue.isEmpty {
            let batch = queue.nextBatch(byteLimit: 64 * 1024)
            let size = batch.reduce(0) { $0 + OutboundQueue.size($1) }
            var buffer = channel.allocator.buffer(capacity: size)
            for frame in batch { buffer.writeFrame(frame) }
            channel.writeAndFlush(buffer, promise: nil)
        }
        if isFinishing, queue.isEmpty {
            // An empty write that completes after all others.
            channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in
                self.channel.close(promise: nil)
            }
        }
    }
}
