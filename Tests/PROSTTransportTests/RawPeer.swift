internal import Cryptography
internal import KBR
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import PROSTTransport
internal import Testing
internal import Wire

/// TLS as a test wants it, right or wrong.
struct RawTLS: Sendable {
    var certificates: [[UInt8]]
    /// PEM.
    var privateKey: [UInt8]?
    var minimum = TLSVersion.tlsv13
    var maximum = TLSVersion.tlsv13
    var applicationProtocols = ["prost/1"]

    static func good(_ key: PrivateKey) throws -> RawTLS {
        RawTLS(certificates: [try certificate(key)], privateKey: try key.pem())
    }

    /// Valid from and until so many seconds from now.
    static func certificate(
        _ key: PrivateKey,
        from: Int64 = -3600,
        until: Int64 = 3600
    ) throws -> [UInt8] {
        let now = Int64(wallClock() / 1000)
        return try NodeCertificate.issue(for: key, notBefore: now + from, notAfter: now + until).der
    }

    private func complete(_ configuration: inout TLSConfiguration) throws {
        configuration.certificateChain = try certificates.map {
            .certificate(try NIOSSLCertificate(bytes: $0, format: .der))
        }
        configuration.privateKey = try privateKey.map {
            .privateKey(try NIOSSLPrivateKey(bytes: $0, format: .pem))
        }
        configuration.minimumTLSVersion = minimum
        configuration.maximumTLSVersion = maximum
        configuration.applicationProtocols = applicationProtocols
        configuration.trustRoots = .certificates([])
        configuration.verifySignatureAlgorithms = [
            .ed25519, .ecdsaSecp256R1Sha256, .rsaPssRsaeSha256,
        ]
        configuration.signingSignatureAlgorithms = configuration.verifySignatureAlgorithms
        configuration.shutdownTimeout = .milliseconds(100)
    }

    func clientContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        try complete(&configuration)
        configuration.certificateVerification = .none
        return try NIOSSLContext(configuration: configuration)
    }

    func serverContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: [],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: privateKey ?? [], format: .pem)),
            trustRoots: .certificates([])
        )
        try complete(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }
}

/// One end of a connection that does exactly what a test says.
final class RawPeer: Sendable {
    /// Everything received so far, and who waits for more.
    final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var parser = FrameParser()
        var frames: [Frame] = []
        var byteCount = 0
        var waiters: [EventLoopPromise<Frame>] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            byteCount += bytes.readableBytes
            parser.receive(bytes.readableBytesView)
            while let frame = try? parser.next() {
                if waiters.isEmpty {
                    frames.append(frame)
                } else {
                    waiters.removeFirst().succeed(frame)
                }
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            for waiter in waiters { waiter.fail(Overdue(description: "closed before a frame")) }
            waiters = []
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    private init(_ channel: any Channel, _ inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to a node, over TLS or bare.
    static func dial(_ node: Endpoint, tls: RawTLS?, reads: Bool = true) async throws -> RawPeer {
        let context = try tls?.clientContext()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let inbox = try await loop.submit { NIOLoopBound(Inbox(), eventLoop: loop) }.get()
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(inbox.value)
                }
            }
            .connect(to: node.socketAddress())
            .get()
        return RawPeer(channel, inbox)
    }

    /// Listens for one node to dial, and does `act` with it.
    static func listen(
        _ tls: RawTLS,
        act: @escaping @Sendable (RawPeer) async -> Void
    ) async throws -> (endpoint: Endpoint, channel: any Channel) {
        let context = try tls.serverContext()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let inbox = Inbox()
                    let handler = NIOSSLServerHandler(
                        context: context,
                        customVerificationCallback: { $1.succeed(.certificateVerified) }
                    )
                    try channel.pipeline.syncOperations.addHandlers([handler, inbox])
                    let peer = RawPeer(channel, NIOLoopBound(inbox, eventLoop: loop))
                    Task { await act(peer) }
                }
            }
            .bind(to: Endpoint.anyLoopbackPort.socketAddress())
            .get()
        let address = try #require(channel.localAddress.flatMap { Endpoint($0) })
        return (address, channel)
    }

    /// Writes; a connection that is closed meanwhile is what most tests want.
    func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func send(_ frame: Frame) async { await send(Self.bytes(frame)) }

    static func bytes(_ frame: Frame) -> [UInt8] {
        var writer = WireWriter()
        frame.encode(to: &writer)
        return writer.bytes
    }

    func receive() async throws -> Frame {
        let (inbox, channel) = (inbox, channel)
        return try await channel.eventLoop.flatSubmit {
            let promise = channel.eventLoop.makePromise(of: Frame.self)
            if !inbox.value.frames.isEmpty {
                promise.succeed(inbox.value.frames.removeFirst())
            } else if !channel.isActive {
                promise.fail(Overdue(description: "closed before a frame"))
            } else {
                inbox.value.waiters.append(promise)
                channel.eventLoop.scheduleTask(in: patience) {
                    promise.fail(Overdue(description: "no frame from the node"))
                }
            }
            return promise.futureResult
        }.get()
    }

    var receivedBytes: Int {
        get async throws {
            let inbox = inbox
            return try await channel.eventLoop.submit { inbox.value.byteCount }.get()
        }
    }

    /// Waits until the other side has closed.
    func waitForClose() async throws {
        let channel = channel
        let overdue = channel.eventLoop.scheduleTask(in: patience) {
            channel.close(promise: nil)
            throw Overdue(description: "the node keeps the connection")
        }
        try await channel.closeFuture.get()
        overdue.cancel()
        // Succeeds with an error only if the task above ran first.
        if case .failure(let error) = await overdue.futureResult.result, error is Overdue {
            throw error
        }
    }

    func close() async { try? await channel.close().get() }
}

extension EventLoopFuture where Value: Sendable {
    fileprivate var result: Result<Value, any Error> {
        get async {
            do { return .success(try await get()) } catch { return .failure(error) }
        }
    }
}
