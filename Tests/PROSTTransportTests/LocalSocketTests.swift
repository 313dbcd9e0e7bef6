internal import Foundation
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import PROSTTransport
internal import Testing
internal import Wire

/// A server that answers kind 20 with kind 21, in a folder of its own.
private final class TestServer: Sendable {
    final class State {
        let server: LocalSocketServer
        var opened = 0
        var closed = 0
        var closeWaiters: [EventLoopPromise<Void>] = []

        init(_ server: LocalSocketServer) { self.server = server }
    }

    let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let folder: URL
    let state: NIOLoopBound<State>

    var path: String { folder.appendingPathComponent("node.sock").path }

    init(_ configuration: LocalSocketConfiguration = LocalSocketConfiguration()) async throws {
        let loop = loop
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("prost-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        state = try await loop.submit {
            let server = LocalSocketServer(eventLoop: loop, configuration: configuration)
            let state = State(server)
            server.onEvent = { [unowned state] event in
                switch event {
                case .opened: state.opened += 1
                case .frame(let frame, let client):
                    switch frame.kind {
                    case 20: server.send(Frame(kind: 21, body: frame.body), to: client)
                    case 22:
                        let large = Frame(kind: 23, body: [UInt8](repeating: 1, count: 1 << 20))
                        for _ in 0..<8 { server.send(large, to: client) }
                    default: server.close(client)
                    }
                case .closed:
                    state.closed += 1
                    for waiter in state.closeWaiters { waiter.succeed(()) }
                    state.closeWaiters = []
                }
            }
            return NIOLoopBound(state, eventLoop: loop)
        }.get()
    }

    func start() async throws {
        let (state, path) = (state, path)
        try await loop.flatSubmit { state.value.server.start(path: path) }.get()
    }

    func waitForClose() async throws {
        let (state, loop) = (state, loop)
        try await loop.flatSubmit {
            let promise = loop.makePromise(of: Void.self)
            if state.value.closed > 0 {
                promise.succeed(())
            } else {
                state.value.closeWaiters.append(promise)
                loop.scheduleTask(in: patience) {
                    promise.fail(Overdue(description: "client is still there"))
                }
            }
            return promise.futureResult
        }.get()
    }

    func stop() async throws {
        let state = state
        try await loop.flatSubmit { state.value.server.shutdown() }.get()
        try FileManager.default.removeItem(at: folder)
    }
}

@Suite struct `The node's Unix socket` {
    @Test func `answers a command with the same frames`() async throws {
        let server = try await TestServer()
        try await server.start()
        let client = try await LocalSocketClient.connect(path: server.path)
        for number in 0..<100 {
            let body = [UInt8](repeating: UInt8(number), count: number * 1000)
            try await client.send(Frame(kind: 20, body: body))
            let answer = try await client.receive(within: patience)
            #expect(answer == Frame(kind: 21, body: body))
        }
        await client.close()
        try await server.waitForClose()
        try await server.stop()
    }

    @Test func `is readable and writable by its owner alone and gone after shutdown`() async throws
    {
        let server = try await TestServer()
        try await server.start()
        let attributes = try FileManager.default.attributesOfItem(atPath: server.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let path = server.path
        let state = server.state
        try await server.loop.flatSubmit { state.value.server.shutdown() }.get()
        #expect(!FileManager.default.fileExists(atPath: path))
        await #expect(throws: LocalSocketError.self) {
            try await LocalSocketClient.connect(path: path)
        }
        try FileManager.default.removeItem(at: server.folder)
    }

    @Test func `turns other users away`() async throws {
        var configuration = LocalSocketConfiguration()
        configuration.isUserAllowed = { $0 == 0x7FFF_0000 }
        let server = try await TestServer(configuration)
        try await server.start()
        let client = try await LocalSocketClient.connect(path: server.path)
        await #expect(throws: (any Error).self) {
            try await client.send(Frame(kind: 20, body: []))
            if try await client.receive(within: patience) == nil {
                throw LocalSocketError.broken("closed")
            }
        }
        let state = server.state
        #expect(try await server.loop.submit { state.value.opened }.get() == 0)
        try await server.stop()
    }

    @Test func `gives one process so many connections and no more`() async throws {
        var configuration = LocalSocketConfiguration()
        configuration.clientsPerProcess = 2
        let server = try await TestServer(configuration)
        try await server.start()
        let first = try await LocalSocketClient.connect(path: server.path)
        let second = try await LocalSocketClient.connect(path: server.path)
        let frame = Frame(kind: 20, body: [7])
        for client in [first, second] {
            try await client.send(frame)
            #expect(try await client.receive(within: patience)?.body == [7])
        }
        let third = try await LocalSocketClient.connect(path: server.path)
        await #expect(throws: (any Error).self) {
            try await third.send(frame)
            if try await third.receive(within: patience) == nil {
                throw LocalSocketError.broken("closed")
            }
        }
        await first.close()
        try await server.waitForClose()
        let fourth = try await LocalSocketClient.connect(path: server.path)
        try await fourth.send(frame)
        #expect(try await fourth.receive(within: patience)?.body == [7])
        try await server.stop()
    }

    @Test func `is not taken from a living node but from a dead one`() async throws {
        let server = try await TestServer()
        try await server.start()
        let path = server.path
        let loop = server.loop
        let second = try await loop.submit {
            NIOLoopBound(LocalSocketServer(eventLoop: loop), eventLoop: loop)
        }.get()
        await #expect(throws: LocalSocketError.inUse(path: path)) {
            try await loop.flatSubmit { second.value.start(path: path) }.get()
        }
        try await server.stop()
        // A file that no process answers on.
        try FileManager.default.createDirectory(
            at: server.folder,
            withIntermediateDirectories: true
        )
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let address = try SocketAddress(unixDomainSocketPath: path)
        let result = unsafe address.withSockAddr { pointer, size in
            unsafe bind(descriptor, pointer, socklen_t(size))
        }
        #expect(result == 0)
        _ = Glibc.close(descriptor)
        #expect(FileManager.default.fileExists(atPath: path))
        try await loop.flatSubmit { second.value.start(path: path) }.get()
        try await loop.flatSubmit { second.value.shutdown() }.get()
        try FileManager.default.removeItem(at: server.folder)
    }

    @Test func `closes on a frame that is none`() async throws {
        let server = try await TestServer()
        try await server.start()
        let raw = try await ClientBootstrap(group: server.loop)
            .connect(unixDomainSocketPath: server.path).get()
        try await raw.writeAndFlush(ByteBuffer(bytes: [0, 0, 0, 0])).get()
        try await raw.closeFuture.get()
        try await server.waitForClose()
        try await server.stop()
    }

    @Test func `gives a client up that does not read`() async throws {
        let server = try await TestServer()
        try await server.start()
        let client = try await LocalSocketClient.connect(path: server.path)
        try await client.send(Frame(kind: 22, body: []))
        try await server.waitForClose()
        await client.close()
        try await server.stop()
    }

    @Test func `ends a client's stream when the node closes it`() async throws {
        let server = try await TestServer()
        try await server.start()
        let client = try await LocalSocketClient.connect(path: server.path)
        await #expect(throws: LocalSocketError.timedOut) {
            try await client.receive(within: .milliseconds(20))
        }
        try await client.send(Frame(kind: 24, body: []))
        #expect(try await client.receive(within: patience) == nil)
        try await server.stop()
    }
}
