internal import KBR
internal import PROSTTransport
internal import Testing
internal import Wire

/// Two machines without sockets; keys are their owners' identifiers' bytes.
@Suite struct `The connection state machine` {
    private static let a = NodeHandle(
        id: Identifier(words: (1, 0, 0, 0)),
        endpoint: Endpoint(10, 0, 0, 1, port: 1)
    )
    private static let b = NodeHandle(
        id: Identifier(words: (2, 0, 0, 0)),
        endpoint: Endpoint(10, 0, 0, 2, port: 2)
    )

    private static func machine(
        _ role: ConnectionStateMachine.Role,
        _ node: NodeHandle,
        _ ring: RingProfile = profile()
    ) -> ConnectionStateMachine {
        let authentication = PeerAuthentication(
            publicKey: { $0 },
            identifier: { key, _ in Identifier(bytes: key) ?? .zero }
        )
        return ConnectionStateMachine(
            role: role,
            judge: HandshakeJudge(
                profile: ring,
                node: node,
                joinToken: [],
                authentication: authentication
            )
        )
    }

    private static func open() throws -> (
        dialler: ConnectionStateMachine, listener: ConnectionStateMachine
    ) {
        var dialler = machine(.dialler(expecting: b.id), a)
        var listener = machine(.listener, b)
        #expect(listener.secured(publicKey: a.id.bytes) == [])
        let hello = try frames(dialler.secured(publicKey: b.id.bytes))
        let answer = listener.received(try #require(hello.first)) { _ in nil }
        let peerOfListener = PeerIdentity(node: a, publicKey: a.id.bytes, protocolVersion: 1)
        #expect(answer.last == .opened(peerOfListener))
        let opened = dialler.received(try #require(try frames(answer).first)) { _ in nil }
        #expect(
            opened == [.opened(PeerIdentity(node: b, publicKey: b.id.bytes, protocolVersion: 1))]
        )
        return (dialler, listener)
    }

    private static func frames(_ actions: [ConnectionStateMachine.Action]) throws -> [Frame] {
        actions.compactMap { if case .send(let frame) = $0 { frame } else { nil } }
    }

    private static let application = Frame(kind: 10, body: [1])

    @Test func `opens both sides with one exchange`() throws {
        let (dialler, listener) = try Self.open()
        #expect(dialler.isOpen && listener.isOpen)
        #expect(dialler.peer?.id == Self.b.id && listener.peer?.id == Self.a.id)
    }

    @Test func `delivers frames of the node only when open`() throws {
        var (dialler, _) = try Self.open()
        let peer = try #require(dialler.peer)
        #expect(
            dialler.received(Self.application) { _ in nil } == [.deliver(Self.application, peer)]
        )
        var early = Self.machine(.listener, Self.b)
        let before = early.received(Self.application) { _ in nil }
        #expect(before.contains { if case .end(.violation, _) = $0 { true } else { false } })
        var unproved = Self.machine(.listener, Self.b)
        _ = unproved.secured(publicKey: Self.a.id.bytes)
        let refused = unproved.received(Self.application) { _ in nil }
        #expect(try Self.frames(refused).map(\.kind) == [TransportFrameKind.refuse])
        #expect(unproved.received(Self.application) { _ in nil } == [])
    }

    @Test func `refuses a peer for which there is no slot`() throws {
        var dialler = Self.machine(.dialler(expecting: nil), Self.a)
        var listener = Self.machine(.listener, Self.b)
        _ = listener.secured(publicKey: Self.a.id.bytes)
        let hello = try Self.frames(dialler.secured(publicKey: Self.b.id.bytes))
        let full = Refusal(.connectionLimit, "full")
        let answer = listener.received(try #require(hello.first)) { _ in full }
        #expect(listener.end == .refused(full))
        _ = dialler.received(try #require(try Self.frames(answer).first)) { _ in nil }
        #expect(dialler.end == .refusedByPeer(full))
    }

    @Test func `drains both directions before it ends`() throws {
        var (dialler, listener) = try Self.open()
        let goodbye = Goodbye(.leaving, "done")
        #expect(dialler.leave(goodbye) == [.drain])
        #expect(dialler.isDraining && !dialler.isOpen)
        // The other side's frames still come through.
        let peer = try #require(dialler.peer)
        #expect(
            dialler.received(Self.application) { _ in nil } == [.deliver(Self.application, peer)]
        )
        let said = try Self.frames(dialler.drained())
        #expect(dialler.drained() == [])
        #expect(listener.received(try #require(said.first)) { _ in nil } == [.drain])
        let answer = listener.drained()
        #expect(listener.end == .goodbye(goodbye))
        _ = dialler.received(try #require(try Self.frames(answer).first)) { _ in nil }
        #expect(dialler.end == .closed(goodbye))
    }

    @Test func `ends when both say goodbye at once`() throws {
        var (dialler, listener) = try Self.open()
        _ = dialler.leave(Goodbye(.replaced, "a"))
        _ = listener.leave(Goodbye(.replaced, "b"))
        let fromDialler = try #require(try Self.frames(dialler.drained()).first)
        let fromListener = try #require(try Self.frames(listener.drained()).first)
        _ = dialler.received(fromListener) { _ in nil }
        _ = listener.received(fromDialler) { _ in nil }
        #expect(dialler.end == .closed(Goodbye(.replaced, "a")))
        #expect(listener.end == .closed(Goodbye(.replaced, "b")))
    }

    @Test func `takes no frame after the peer's goodbye`() throws {
        var (dialler, _) = try Self.open()
        let goodbye = Goodbye(.leaving, "x")
        _ = dialler.received(Frame(kind: TransportFrameKind.goodbye, body: goodbye.wireBytes)) {
            _ in nil
        }
        let actions = dialler.received(Self.application) { _ in nil }
        #expect(!actions.contains { if case .deliver = $0 { true } else { false } })
        #expect(dialler.end != nil)
    }

    @Test(arguments: UInt8(0)...9)
    func `ends on every reserved kind while open`(kind: UInt8) throws {
        var (dialler, _) = try Self.open()
        let actions = dialler.received(Frame(kind: kind, body: [])) { _ in nil }
        #expect(dialler.end != nil)
        #expect(!actions.contains { if case .deliver = $0 { true } else { false } })
    }

    @Test func `turns idleness into a goodbye and other deadlines into an end`() throws {
        var (dialler, listener) = try Self.open()
        #expect(dialler.timedOut(.idle) == [.drain])
        #expect(listener.timedOut(.write) == [.end(.timeout(.write), flushing: false)])
        #expect(listener.timedOut(.write) == [])
        let ended = dialler.timedOut(.goodbye)
        #expect(ended.count == 1)
        guard case .closed(let goodbye) = dialler.end else {
            Issue.record("unexpected end \(String(describing: dialler.end))")
            return
        }
        #expect(goodbye.reason == .idle)
    }

    @Test func `never acts after its end`() throws {
        var (dialler, _) = try Self.open()
        _ = dialler.broken(.disconnected)
        #expect(dialler.end == .disconnected)
        #expect(dialler.secured(publicKey: []) == [])
        #expect(dialler.leave(Goodbye(.leaving, "")) == [])
        #expect(dialler.drained() == [])
        #expect(dialler.broken(.shutdown) == [])
        #expect(dialler.received(Self.application) { _ in nil } == [])
    }
}
