internal import Cryptography
internal import KBR
internal import NIOCore
internal import PROSTTransport
internal import Testing
internal import Wire

/// A peer that breaks one rule, and how the node must take it.
struct BadPeer: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var configuration = TransportConfiguration()
    /// Whether the rule is broken only after a proper acceptance.
    var isAccepted = false
    /// Misbehaves, then waits until the node has closed the connection.
    var act: @Sendable (TestNode) async throws -> Void
    var isExpected: @Sendable (ConnectionEnd) -> Bool

    init(
        _ description: String,
        isAccepted: Bool = false,
        configure: (inout TransportConfiguration) -> Void = { _ in },
        act: @escaping @Sendable (TestNode) async throws -> Void,
        isExpected: @escaping @Sendable (ConnectionEnd) -> Bool
    ) {
        testDescription = description
        self.isAccepted = isAccepted
        self.act = act
        self.isExpected = isExpected
        configure(&configuration)
    }

    /// Shows this TLS and then, if it gets so far, a proper hello and an application frame.
    static func tls(
        _ description: String,
        _ make: @escaping @Sendable (PrivateKey) async throws -> RawTLS
    ) -> BadPeer {
        BadPeer(description) { node in
            let key = try PrivateKey.generate()
            let peer = try await RawPeer.dial(node.endpoint, tls: try await make(key))
            await peer.send(helloBytes(key) + applicationBytes)
            try await peer.waitForClose()
            #expect(try await peer.receivedBytes == 0)
        } isExpected: {
            if case .tls = $0 { true } else { false }
        }
    }

    /// Sends these bytes right after TLS.
    static func bytes(
        _ description: String,
        configure: (inout TransportConfiguration) -> Void = { _ in },
        _ bytes: @escaping @Sendable (PrivateKey) -> [UInt8],
        isExpected: @escaping @Sendable (ConnectionEnd) -> Bool
    ) -> BadPeer {
        BadPeer(description, configure: configure) { node in
            let key = try PrivateKey.generate()
            let peer = try await RawPeer.dial(node.endpoint, tls: try .good(key))
            await peer.send(bytes(key))
            try await peer.waitForClose()
        } isExpected: {
            isExpected($0)
        }
    }

    /// Is accepted, then does this.
    static func accepted(
        _ description: String,
        configure: (inout TransportConfiguration) -> Void = { _ in },

        act: @escaping @Sendable (RawPeer, PrivateKey) async throws -> Void,
        isExpected: @escaping @Sendable (ConnectionEnd) -> Bool
    ) -> BadPeer {
        BadPeer(description, isAccepted: true, configure: configure) { node in
            let key = try PrivateKey.generate()
            let peer = try await RawPeer.dial(node.endpoint, tls: try .good(key))
            await peer.send(helloBytes(key))
            #expect(try await peer.receive().kind == TransportFrameKind.accept)
            try await act(peer, key)
            try await peer.waitForClose()
        } isExpected: {
            isExpected($0)
        }
    }

    static func handle(_ key: PrivateKey, index: UInt16 = 0) -> NodeHandle {
        NodeHandle(
            id: .node(key.publicKey, index: index),
            endpoint: Endpoint(127, 0, 0, 1, port: 1),
            index: index
        )
    }

    static func helloBytes(_ key: PrivateKey, _ change: (inout Hello) -> Void = { _ in }) -> [UInt8]
    {
        var hello = Hello(profile: profile(), node: handle(key))
        change(&hello)
        return RawPeer.bytes(Frame(kind: TransportFrameKind.hello, body: hello.wireBytes))
    }

    /// What no node may be given from a peer it has not accepted.
    static let applicationBytes = RawPeer.bytes(Frame(kind: 66, body: [1, 2, 3]))
}

extension ConnectionEnd {
    func isRefusal(_ reason: Refusal.Reason) -> Bool {
        if case .refused(let refusal) = self { refusal.reason == reason } else { false }
    }

    var isViolation: Bool {
        if case .violation = self { true } else { false }
    }
}

@Suite struct `A node` {
    @Test(arguments: BadPeer.wrongTLS + BadPeer.wrongHandshake + BadPeer.wrongFrames)
    func `turns a bad dialler away and serves a good one after it`(
        _ bad: BadPeer
    ) async throws {
        let node = try await TestNode.start(configuration: bad.configuration)
        try await bad.act(node)
        try await node.wait(for: "the expected end") { events in
            (events.rejections + events.downs).contains(where: bad.isExpected)
        }
        let events = try await node.events
        #expect(events.frames(ofKind: 66).isEmpty)
        #expect(events.ups.isEmpty == !bad.isAccepted)
        #expect(try await node.servesAGoodPeer())
        try await node.shutdown()
        #expect(try await node.statistics.connections == 0)
    }
}
