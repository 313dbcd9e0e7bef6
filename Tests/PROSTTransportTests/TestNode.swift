internal import Cryptography
internal import Foundation
internal import KBR
internal import NIOCore
internal import NIOPosix
internal import PROSTTransport
internal import Wire

/// Longest wait for anything that must happen.
let patience = TimeAmount.seconds(20)

struct Overdue: Error, CustomStringConvertible {
    var description: String
}

func wallClock() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

func profile(
    name: String = "test",
    r: UInt8 = 3,
    replicas: UInt8 = 3,
    priceTable: UInt32 = 1,
    versions: ClosedRange<UInt16> = 1...1
) -> RingProfile {
    RingProfile(
        name: name,
        successorListLength: r,
        replicaCount: replicas,
        priceTable: priceTable,
        protocolVersions: versions
    )
}

extension Endpoint {
    static let anyLoopbackPort = Endpoint(127, 0, 0, 1, port: 0)
}

/// A transport on an event loop of its own, with everything it reported.
final class TestNode: Sendable {
    /// What happens on the loop.
    final class State {
        let transport: RingTransport
        var events: [TransportEvent] = []
        var waiters: [(condition: ([TransportEvent]) -> Bool, promise: EventLoopPromise<Void>)] = []
        /// Answers every frame of kind 10 with one of kind 11.
        var echoes = true
        /// What else is to happen on an event.
        var reaction: (RingTransport, TransportEvent) -> Void = { _, _ in }

        init(_ transport: RingTransport) { self.transport = transport }

        func note(_ event: TransportEvent) {
            events.append(event)
            if echoes, case .frame(let frame, let peer) = event, frame.kind == 10 {
                let answer = Frame(kind: 11, body: frame.body)
                _ = transport.send(answer, to: peer.node, priority: .control)
            }
            reaction(transport, event)
            let ready = waiters.filter { $0.condition(events) }
            waiters.removeAll { $0.condition(events) }
            for waiter in ready { waiter.promise.succeed(()) }
        }
    }

    let loop: any EventLoop
    let key: PrivateKey
    let endpoint: Endpoint
    private let state: NIOLoopBound<State>

    var id: Identifier { .node(key.publicKey) }
    var handle: NodeHandle { NodeHandle(id: id, endpoint: endpoint) }

    private init(
        loop: any EventLoop,
        key: PrivateKey,
        endpoint: Endpoint,
        state: NIOLoopBound<State>
    ) {
        self.loop = loop
        self.key = key
        self.endpoint = endpoint
        self.state = state
    }

    static func start(
        _ profile: RingProfile = profile(),
        key: PrivateKey? = nil,
        token: JoinToken? = nil,
        operatorKey: PublicKey? = nil,
        configuration: TransportConfiguration = TransportConfiguration(),
        listening: Endpoint = .anyLoopbackPort
    ) async throws -> TestNode {
        let key = try key ?? PrivateKey.generate()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let identity = try LocalIdentity(
            key: key,
            endpoint: .anyLoopbackPort,
            joinToken: token,
            now: wallClock()
        )
        let state = try await loop.submit {
            let transport = try RingTransport(
                eventLoop: loop,
                profile: profile,
                identity: identity,
                authentication: .ed25519(
                    ring: profile.name,
                    operatorKey: operatorKey,
                    wallClock: wallClock
                ),
                configuration: configuration
            )
            let state = State(transport)
            transport.onEvent = { [unowned state] in state.note($0) }
            return NIOLoopBound(state, eventLoop: loop)
        }.get()
        let bound = try await loop.flatSubmit { state.value.transport.start(listening: listening) }
            .get()
        return TestNode(loop: loop, key: key, endpoint: bound, state: state)
    }

    func run<Result: Sendable>(
        _ body: @escaping @Sendable (State) throws -> Result
    ) async throws -> Result {
        let state = state
        return try await loop.submit { try body(state.value) }.get()
    }

    func send(
        _ frame: Frame,
        to node: NodeHandle,
        _ priority: FramePriority = .control
    ) async throws -> SendOutcome {
        try await run { $0.transport.send(frame, to: node, priority: priority) }
    }

    func connect(
        _ other: TestNode,
        expecting: Identifier? = nil,
        host: String = "127.0.0.1"
    ) async throws -> PeerIdentity {
        let state = state
        let port = Int(other.endpoint.port)
        return try await loop.flatSubmit {
            state.value.transport.connect(host: host, port: port, expecting: expecting)
        }.get()
    }

    /// Waits until the events so far fulfil the condition.
    func wait(
        for what: String,
        _ condition: @escaping @Sendable ([TransportEvent]) -> Bool
    ) async throws {
        let state = state
        let loop = loop
        try await loop.flatSubmit { () -> EventLoopFuture<Void> in
            let promise = loop.makePromise(of: Void.self)
            if condition(state.value.events) {
                promise.succeed(())
            } else {
                state.value.waiters.append((condition, promise))
                loop.scheduleTask(in: patience) {
                    let seen = state.value.events.suffix(5).map { "\($0)".prefix(200) }
                    promise.fail(Overdue(description: "no \(what); last events: \(seen)"))
                }
            }
            return promise.futureResult
        }.get()
    }

    var events: [TransportEvent] {
        get async throws { try await run { $0.events } }
    }

    var statistics: TransportStatistics {
        get async throws { try await run { $0.transport.statistics } }
    }

    func shutdown() async throws {
        let state = state
        try await loop.flatSubmit { state.value.transport.shutdown() }.get()
    }

    /// Whether a fresh, well-behaved node is served: the proof that a bad one did no harm.
    func servesAGoodPeer(
        _ profile: RingProfile = profile()
    ) async throws -> Bool {
        let good = try await TestNode.start(profile)
        _ = try await good.send(Frame(kind: 10, body: Array("ping".utf8)), to: handle)
        try await good.wait(for: "echo") { $0.frames(ofKind: 11).count == 1 }
        let echoed = try await good.events.frames(ofKind: 11)
        try await good.shutdown()
        return echoed.map(\.body) == [Array("ping".utf8)]
    }
}

extension [TransportEvent] {
    func frames(ofKind kind: UInt8) -> [Frame] {
        compactMap { if case .frame(let frame, _) = $0, frame.kind == kind { frame } else { nil } }
    }

    var ups: [Identifier] {
        compactMap { if case .peerUp(let peer) = $0 { peer.id } else { nil } }
    }

    var downs: [ConnectionEnd] {
        compactMap { if case .peerDown(_, let end) = $0 { end } else { nil } }
    }

    var undeliverable: [Frame] {
        compactMap { if case .undeliverable(let frame, _, _) = $0 { frame } else { nil } }
    }

    var rejections: [ConnectionEnd] {
        compactMap { if case .rejected(_, let end) = $0 { end } else { nil } }
    }
}
