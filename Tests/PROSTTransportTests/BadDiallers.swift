internal import Cryptography
internal import KBR
internal import NIOCore
internal import NIOSSL
internal import PROSTTransport
internal import Testing
internal import Wire

extension BadPeer {
    static let wrongTLS: [BadPeer] = [
        .tls("no certificate") { _ in RawTLS(certificates: [], privateKey: nil) },
        .tls("two certificates") { key in
            var tls = try RawTLS.good(key)
            tls.certificates.append(try RawTLS.certificate(try PrivateKey.generate()))
            return tls
        },
        .tls("an expired certificate") { key in
            RawTLS(
                certificates: [try RawTLS.certificate(key, from: -7200, until: -60)],
                privateKey: try key.pem()
            )
        },
        .tls("a certificate not valid yet") { key in
            RawTLS(
                certificates: [try RawTLS.certificate(key, from: 600, until: 7200)],
                privateKey: try key.pem()
            )
        },
        .tls("a certificate signed by another key") { key in
            try await foreignCertificate(key)
        },
        .tls("an RSA certificate") { _ in try await otherCertificate(["rsa:2048"]) },
        .tls("a P-256 certificate") { _ in
            try await otherCertificate(["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        },
        .tls("TLS 1.2") { key in
            var tls = try RawTLS.good(key)
            tls.minimum = .tlsv12
            tls.maximum = .tlsv12
            return tls
        },
        .tls("another application protocol") { key in
            var tls = try RawTLS.good(key)
            tls.applicationProtocols = ["http/1.1"]
            return tls
        },
        .tls("no application protocol") { key in
            var tls = try RawTLS.good(key)
            tls.applicationProtocols = []
            return tls
        },
        BadPeer("garbage in place of TLS") { node in
            let peer = try await RawPeer.dial(node.endpoint, tls: nil)
            await peer.send((0..<600).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) })
            try await peer.waitForClose()
        } isExpected: {
            if case .tls = $0 { true } else { false }
        },
        BadPeer("a hello without TLS") { node in
            let peer = try await RawPeer.dial(node.endpoint, tls: nil)
            await peer.send(helloBytes(try PrivateKey.generate()) + applicationBytes)
            try await peer.waitForClose()
        } isExpected: {
            if case .tls = $0 { true } else { false }
        },
        BadPeer("silence", configure: shortHandshake) { node in
            try await RawPeer.dial(node.endpoint, tls: nil).waitForClose()
        } isExpected: {
            $0 == .timeout(.handshake)
        },
        BadPeer("half a client hello", configure: shortHandshake) { node in
            let peer = try await RawPeer.dial(node.endpoint, tls: nil)
            await peer.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 9, 9, 9])
            try await peer.waitForClose()
        } isExpected: {
            $0 == .timeout(.handshake)
        },
    ]

    @Sendable static func shortHandshake(_ configuration: inout TransportConfiguration) {
        configuration.time.handshake = .seconds(2)
    }

    /// The peer's own key, certified by another.
    private static func foreignCertificate(_ key: PrivateKey) async throws -> RawTLS {
        let folder = try TemporaryFolder()
        let own = try folder.write(try key.pem(), "own.pem")
        let other = try PrivateKey.generate()
        let issuerKey = try folder.write(try other.pem(), "issuer.pem")
        let issuer = try folder.write(
            try NodeCertificate.issue(for: other, notBefore: 0, notAfter: 4_000_000_000).pem(),
            "issuer.crt"
        )
        let request = folder.path("own.csr")
        try await OpenSSLCommand.run(
            ["req", "-new", "-key", own, "-subj", "/CN=prost", "-out", request]
        )
        try await OpenSSLCommand.run([
            "x509", "-req", "-in", request, "-CA", issuer, "-CAkey", issuerKey,
            "-set_serial", "1", "-days", "2", "-outform", "DER", "-out", folder.path("own.der"),
        ])
        return RawTLS(certificates: [try folder.read("own.der")], privateKey: try key.pem())
    }

    /// A self-signed certificate of another key type.
    static func otherCertificate(_ keyType: [String]) async throws -> RawTLS {
        let folder = try TemporaryFolder()
        try await OpenSSLCommand.run(
            ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=prost", "-outform", "DER"]
                + ["-out", folder.path("own.der"), "-keyout", folder.path("own.pem")]
                + ["-newkey"] + keyType
        )
        return RawTLS(
            certificates: [try folder.read("own.der")],
            privateKey: try folder.read("own.pem")
        )
    }

    static let wrongHandshake: [BadPeer] = [
        .bytes("another node's identifier") { key in
            helloBytes(key) { hello in
                hello.node.id = Identifier(words: (1, 2, 3, 4))
            } + applicationBytes
        } isExpected: {
            $0.isRefusal(.identity)
        },
        .bytes("an identifier of another index") { key in
            helloBytes(key) { $0.node.index = 1 } + applicationBytes
        } isExpected: {
            $0.isRefusal(.identity)
        },
        BadPeer("the node's own key") { node in
            let peer = try await RawPeer.dial(node.endpoint, tls: try .good(node.key))
            await peer.send(helloBytes(node.key) + applicationBytes)
            try await peer.waitForClose()
        } isExpected: {
            $0.isRefusal(.selfConnection)
        },
        .bytes("an application frame before the hello") { _ in
            applicationBytes
        } isExpected: {
            $0.isRefusal(.unexpectedFrame)
        },
        .bytes("an acceptance in place of a hello") { key in
            let acceptance = Acceptance(
                protocolVersion: 1,
                profile: profile(),
                node: handle(key)
            )
            let frame = Frame(kind: TransportFrameKind.accept, body: acceptance.wireBytes)
            return RawPeer.bytes(frame) + applicationBytes
        } isExpected: {
            $0.isRefusal(.unexpectedFrame)
        },
        .bytes("a goodbye in place of a hello") { _ in
            RawPeer.bytes(Frame(kind: TransportFrameKind.goodbye, body: [1, 0]))
        } isExpected: {
            $0.isRefusal(.unexpectedFrame)
        },
        .bytes("a truncated hello") { key in
            let body = Hello(profile: profile(), node: handle(key)).wireBytes.dropLast(3)
            return RawPeer.bytes(Frame(kind: TransportFrameKind.hello, body: Array(body)))
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("a hello with a byte too many") { key in
            let body = Hello(profile: profile(), node: handle(key)).wireBytes + [0]
            return RawPeer.bytes(Frame(kind: TransportFrameKind.hello, body: body))
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("garbage after TLS") { _ in
            (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ 77) }
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("an oversize handshake frame") { _ in
            [0, 0, 0x10, 2, 1]
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("a first frame of length 0") { _ in
            [0, 0, 0, 0]
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("a first frame of length 2^31") { _ in
            [0x80, 0, 0, 0]
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("a first frame of length 2^32 - 1") { _ in
            [0xFF, 0xFF, 0xFF, 0xFF]
        } isExpected: {
            $0.isRefusal(.malformed)
        },
        .bytes("no hello after TLS", configure: shortHandshake) { _ in
            []
        } isExpected: {
            $0 == .timeout(.handshake)
        },
        .bytes("half a hello", configure: shortHandshake) {
            Array(helloBytes($0).dropLast(9))
        } isExpected: {
            $0 == .timeout(.handshake)
        },
    ]

    static let wrongFrames: [BadPeer] = [
        .accepted("a second hello") { peer, key in
            await peer.send(helloBytes(key))
        } isExpected: {
            $0.isViolation
        },
        .accepted("a frame of length 0") { peer, _ in
            await peer.send([0, 0, 0, 0])
        } isExpected: {
            $0.isViolation
        },
        .accepted("a frame just over the limit") { peer, _ in
            await peer.send([0, 0x10, 0, 2, 66])
        } isExpected: {
            $0.isViolation
        },
        .accepted("a frame of length 2^31") { peer, _ in
            await peer.send([0x80, 0, 0, 0, 66])
        } isExpected: {
            $0.isViolation
        },
        .accepted("a frame of length 2^32 - 1") { peer, _ in
            await peer.send([0xFF, 0xFF, 0xFF, 0xFF, 66])
        } isExpected: {
            $0.isViolation
        },
        .accepted("a kind reserved for the transport") { peer, _ in
            await peer.send(Frame(kind: 9, body: []))
        } isExpected: {
            $0.isViolation
        },
        .accepted("a malformed goodbye") { peer, _ in
            await peer.send(Frame(kind: TransportFrameKind.goodbye, body: [200]))
        } isExpected: {
            $0.isViolation
        },
        .accepted(
            "half a frame",
            configure: { $0.time.frame = .seconds(1) },
            act: { peer, _ in await peer.send([0, 0, 1, 0, 66, 1, 2, 3]) },
            isExpected: { $0 == .timeout(.frame) }
        ),
        .accepted("one byte per record") { peer, _ in
            // The start of a large frame, dripping.
            await peer.send([0, 0x0F, 0, 0, 66])
            for _ in 0..<600 where peer.channel.isActive { await peer.send([7]) }
        } isExpected: {
            $0.isViolation
        },
        .accepted(
            "nothing at all",
            configure: { $0.time.idle = .seconds(1) },
            act: { peer, _ in
                let goodbye = try await peer.receive()
                #expect(try Goodbye(wireBytes: goodbye.body, "goodbye").reason == .idle)
                await peer.send(goodbye)
            },
            isExpected: {
                if case .closed(let goodbye) = $0 { goodbye.reason == .idle } else { false }
            }
        ),
    ]
}
