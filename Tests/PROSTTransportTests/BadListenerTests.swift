internal import Cryptography
internal import KBR
internal import NIOCore
internal import NIOSSL
internal import PROSTTransport
internal import Testing
internal import Wire

/// A listener that is not what a dialler must accept.
private struct BadListener: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var tls: @Sendable (PrivateKey) async throws -> RawTLS = { try .good($0) }
    /// What it does once it has the hello.
    var answer: @Sendable (RawPeer, PrivateKey) async -> Void = { await $0.send(acceptance($1)) }
    var isExpected: @Sendable (ConnectionEnd) -> Bool = {
        if case .tls = $0 { true } else { false }
    }

    static func acceptance(
        _ key: PrivateKey,
        _ change: (inout Acceptance) -> Void = { _ in }
    ) -> Frame {
        var acceptance = Acceptance(
            protocolVersion: 1,
            profile: profile(),
            node: BadPeer.handle(key)
        )
        change(&acceptance)
        return Frame(kind: TransportFrameKind.accept, body: acceptance.wireBytes)
    }

    static let all = [
        BadListener(
            testDescription: "two certificates",
            tls: { key in
                var tls = try RawTLS.good(key)
                tls.certificates.append(try RawTLS.certificate(try PrivateKey.generate()))
                return tls
            }
        ),
        BadListener(
            testDescription: "an expired certificate",
            tls: { key in
                let certificate = try RawTLS.certificate(key, from: -7200, until: -60)
                return RawTLS(certificates: [certificate], privateKey: try key.pem())
            }
        ),
        BadListener(
            testDescription: "a P-256 certificate",
            tls: { _ in
                try await BadPeer.otherCertificate(["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            }
        ),
        BadListener(
            testDescription: "TLS 1.2",
            tls: { key in
                var tls = try RawTLS.good(key)
                tls.minimum = .tlsv12
                tls.maximum = .tlsv12
                return tls
            }
        ),
        BadListener(
            testDescription: "another application protocol",
            tls: { key in
                var tls = try RawTLS.good(key)
                tls.applicationProtocols = ["http/1.1"]
                return tls
            }
        ),
        BadListener(
            testDescription: "another node's key",
            tls: { _ in try .good(try PrivateKey.generate()) },
            isExpected: { $0.isRefusal(.identity) }
        ),
        BadListener(
            testDescription: "a node of its own that was not dialled",
            tls: { _ in try .good(Self.stranger) },
            answer: { peer, _ in await peer.send(acceptance(Self.stranger)) },
            isExpected: { if case .identityMismatch = $0 { true } else { false } }
        ),
        BadListener(
            testDescription: "a version that was not offered",
            answer: { peer, key in await peer.send(acceptance(key) { $0.protocolVersion = 7 }) },
            isExpected: { $0.isRefusal(.protocolVersion) }
        ),
        BadListener(
            testDescription: "another ring",
            answer: { peer, key in await peer.send(acceptance(key) { $0.ring.name = "other" }) },
            isExpected: { $0.isRefusal(.ringName) }
        ),
        BadListener(
            testDescription: "an application frame before the acceptance",
            answer: { peer, key in
                await peer.send(Frame(kind: 66, body: []))
                await peer.send(acceptance(key))
            },
            isExpected: { $0.isRefusal(.unexpectedFrame) }
        ),
        BadListener(
            testDescription: "a malformed refusal",
            answer: { peer, _ in
                await peer.send(Frame(kind: TransportFrameKind.refuse, body: [99]))
            },
            isExpected: { $0.isViolation }
        ),
        BadListener(
            testDescription: "a refusal with escape sequences",
            answer: { peer, _ in
                let frame = Frame(kind: TransportFrameKind.refuse, body: [3, 2, 0x1B, 0x5B])
                await peer.send(frame)
            },
            isExpected: { $0.isViolation }
        ),
        BadListener(
            testDescription: "an oversize frame",
            answer: { peer, _ in await peer.send([0, 0, 0x20, 0, 2]) },
            isExpected: { $0.isRefusal(.malformed) }
        ),
        BadListener(
            testDescription: "no answer",
            answer: { _, _ in },
            isExpected: { $0 == .timeout(.handshake) }
        ),
        BadListener(
            testDescription: "an early end",
            answer: { peer, _ in await peer.close() },
            isExpected: { $0 == .disconnected }
        ),
    ]

    private static let stranger: PrivateKey = {
        // Any fixed seed makes a key.
        try! PrivateKey(seed: [UInt8](repeating: 5, count: 32))
    }()
}

@Suite struct `A dialler` {
    @Test(arguments: BadListener.all)
    fileprivate func `gives a bad listener nothing and reports why`(
        _ bad: BadListener
    ) async throws {
        let key = try PrivateKey.generate()
        let (endpoint, listener) = try await RawPeer.listen(try await bad.tls(key)) { peer in
            guard let hello = try? await peer.receive() else { return }
            #expect(hello.kind == TransportFrameKind.hello)
            await bad.answer(peer, key)
        }
        var configuration = TransportConfiguration()
        if bad.isExpected(.timeout(.handshake)) { configuration.time.handshake = .seconds(2) }
        let node = try await TestNode.start(configuration: configuration)
        let frame = Frame(kind: 66, body: Array("secret".utf8))
        let target = NodeHandle(id: .node(key.publicKey), endpoint: endpoint)
        #expect(try await node.send(frame, to: target) == .queued)
        try await node.wait(for: "undeliverable") { !$0.undeliverable.isEmpty }
        let events = try await node.events
        #expect(events.undeliverable == [frame])
        #expect(events.ups.isEmpty)
        for case .undeliverable(_, _, let end) in events where !bad.isExpected(end) {
            Issue.record("unexpected end: \(end)")
        }
        #expect(try await node.servesAGoodPeer())
        try await listener.close().get()
        try await node.shutdown()
    }
}
