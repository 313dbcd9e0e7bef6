package import NIOCore
internal import NIOPosix
package import Wire

/// A command's connection with a node's Unix socket.
package final class LocalSocketClient: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<LocalSocketInbox>

    private init(channel: any Channel, inbox: NIOLoopBound<LocalSocketInbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to the node at `path`; throws `LocalSocketError.noNode` if none answers.
    package static func connect(
        path: String,
        eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws -> LocalSocketClient {
        ignoreBrokenPipeSignal()
        do {
            let inbox = try await eventLoop.submit {
                NIOLoopBound(LocalSocketInbox(eventLoop: eventLoop), eventLoop: eventLoop)
            }.get()
            let channel = try await ClientBootstrap(group: eventLoop)
                .channelOption(.autoRead, value: false)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(inbox.value)
                    }
                }
                .connect(unixDomainSocketPath: path)
                .get()
            return LocalSocketClient(channel: channel, inbox: inbox)
        } catch {
            throw LocalSocketError.noNode(path: path, reason: SystemWords.reason(error))
        }
    }

    /// Returns once the node's socket has taken the frame.
    package func send(_ frame: Frame) async throws {
        var buffer = channel.allocator.buffer(capacity: OutboundQueue.size(frame))
        buffer.writeFrame(frame)
        do {
            try await channel.writeAndFlush(buffer).get()
        } catch {
            throw LocalSocketError.broken("\(error)")
        }
    }

    /// The next frame, nil once the node has closed the connection; throws
    /// `LocalSocketError.timedOut` if none comes in time.
    package func receive(within limit: TimeAmount? = nil) async throws -> Frame? {
        let inbox = inbox
        return try await channel.eventLoop.flatSubmit { inbox.value.next(within: limit) }.get()
    }

    package func close() async { try? await channel.close().get() }
}

/// Frames received and not yet asked for; reads only when someone waits, so that a flood stays in
/// the socket.
final class LocalSocketInbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let eventLoop: any EventLoop
    private var parser = FrameParser()
    private var waiting: CircularBuffer<(number: UInt64, promise: EventLoopPromise<Frame?>)> = []
    private var nextNumber: UInt64 = 0
    private var context: ChannelHandlerContext?
    /// Why no more bytes will come; nil for an orderly end.
    private var end: LocalSocketError??
    private var isBroken = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func next(within limit: TimeAmount?) -> EventLoopFuture<Frame?> {
        nextNumber += 1
        let number = nextNumber
        let promise = eventLoop.makePromise(of: Frame?.self)
        waiting.append((number, promise))
        if let limit {
            let timer = eventLoop.assumeIsolated().scheduleTask(in: limit) {
                self.giveUp(number)
            }
            promise.futureResult.whenComplete { _ in timer.cancel() }
        }
        serve()
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.receive(unwrapInboundIn(data).readableBytesView)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        serve()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if end == nil {
            end = .some(parser.pending == 0 ? nil : .broken("in the middle of a frame"))
        }
        serve()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end = .some(.broken("\(error)"))
        context.close(promise: nil)
    }

    /// Answers those who wait with what is there, and asks for more if that was not enough.
    private func serve() {
        while !waiting.isEmpty {
            do {
                if !isBroken, let frame = try parser.next() {
                    waiting.removeFirst().promise.succeed(frame)
                    continue
                }
            } catch {
                isBroken = true
                end = .some(.broken(error.description))
                context?.close(promise: nil)
            }
            guard let end else {
                context?.read()
                return
            }
            let promise = waiting.removeFirst().promise
            if let error = end { promise.fail(error) } else { promise.succeed(nil) }
        }
    }

    private func giveUp(_ number: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        let promise = waiting[index].promise
        waiting.remove(at: index)
        promise.fail(LocalSocketError.timedOut)
    }
}
