internal import Cryptography
internal import KBR
internal import NIOCore
internal import PROSTTransport
internal import Testing
internal import Wire

/// Peers made by another TLS library, to know that the rules do not rest on one library's habits.
@Suite struct `A peer made of openssl s_client` {
    private struct Client {
        let key: PrivateKey
        let folder: TemporaryFolder
        let certificate: String
        let privateKey: String

        init() throws {
            key = try PrivateKey.generate()
            folder = try TemporaryFolder()
            let now = Int64(wallClock() / 1000)
            let own = try NodeCertificate.issue(
                for: key,
                notBefore: now - 60,
                notAfter: now + 3600
            )
            certificate = try folder.write(try own.pem(), "own.crt")
            privateKey = try folder.write(try key.pem(), "own.pem")
        }

        func connect(_ node: TestNode, _ arguments: [String]) throws -> OpenSSLCommand {
            try OpenSSLCommand(
                ["s_client", "-connect", "127.0.0.1:\(node.endpoint.port)"] + arguments
            )
        }

        var identity: [String] { ["-cert", certificate, "-key", privateKey] }
    }

    private static let rules = ["-tls1_3", "-alpn", "prost/1"]

    @Test func `is accepted if it keeps the rules`() async throws {
        let node = try await TestNode.start()
        let client = try Client()
        let command = try client.connect(node, ["-quiet"] + Self.rules + client.identity)
        defer { command.stop() }
        #expect(command.write(BadPeer.helloBytes(client.key)))
        var parser = FrameParser()
        parser.receive(await command.read(count: 4 + 1 + 2 + 5 + 6 + 64 + 1 + 1))
        let frame = try #require(try parser.next())
        #expect(frame.kind == TransportFrameKind.accept)
        #expect(try Acceptance(wireBytes: frame.body, "acceptance").node == node.handle)
        #expect(command.write(BadPeer.applicationBytes))
        try await node.wait(for: "frame") { $0.frames(ofKind: 66).count == 1 }
        #expect(try await node.events.ups == [.node(client.key.publicKey)])
        command.stop()
        _ = await command.finish()
        try await node.wait(for: "down") { !$0.downs.isEmpty }
        try await node.shutdown()
    }

    @Test(
        arguments: [
            ("no certificate", [], true),
            ("TLS 1.2", ["-tls1_2", "-alpn", "prost/1"], false),
            ("no application protocol", ["-tls1_3"], false),
            ("another application protocol", ["-tls1_3", "-alpn", "h2"], false),
            ("no Ed25519", ["-sigalgs", "ECDSA+SHA256", "-alpn", "prost/1"], false),
        ] as [(String, [String], Bool)]
    )
    func `is turned away if it breaks one`(
        name: String,
        arguments: [String],
        isAnonymous: Bool
    ) async throws {
        let node = try await TestNode.start()
        let client = try Client()
        let command = try client.connect(
            node,
            ["-quiet"] + (isAnonymous ? Self.rules : arguments + client.identity)
        )
        _ = command.write(BadPeer.helloBytes(client.key) + BadPeer.applicationBytes)
        let (output, _) = await command.finish()
        #expect(output.isEmpty)
        try await node.wait(for: "rejection") { events in
            events.rejections.contains { if case .tls = $0 { true } else { false } }
        }
        #expect(try await node.events.ups.isEmpty)
        #expect(try await node.servesAGoodPeer())
        try await node.shutdown()
    }

    @Test func `cannot resume a session`() async throws {
        var configuration = TransportConfiguration()
        configuration.time.goodbye = .milliseconds(200)
        let node = try await TestNode.start(configuration: configuration)
        let client = try Client()
        let session = client.folder.path("session")
        let arguments = ["-ign_eof"] + Self.rules + client.identity
        let first = try client.connect(node, arguments + ["-sess_out", session])
        #expect(first.write(BadPeer.helloBytes(client.key)))
        try await node.wait(for: "first") { $0.ups.count == 1 }
        let id = Identifier.node(client.key.publicKey)
        try await node.run { $0.transport.close(id, Goodbye(.leaving, "enough")) }
        _ = await first.finish()
        try #require(!client.folder.read("session").isEmpty)
        try await node.wait(for: "down") { $0.downs.count == 1 }

        let second = try client.connect(node, arguments + ["-sess_in", session])
        _ = second.write(BadPeer.helloBytes(client.key))
        let (output, _) = await second.finish()
        let text = String(decoding: output, as: UTF8.self)
        try await node.wait(for: "rejection") { !$0.rejections.isEmpty }
        #expect(try await node.events.ups.count == 1)
        #expect(!text.contains("prost/1") || text.contains("Reused"))
        #expect(try await node.servesAGoodPeer())
        try await node.shutdown()
    }

    @Test func `cannot flood with key updates`() async throws {
        let node = try await TestNode.start()
        let client = try Client()
        let command = try client.connect(node, Self.rules + client.identity)
        #expect(command.write(BadPeer.helloBytes(client.key)))
        try await node.wait(for: "peer") { $0.ups.count == 1 }
        // Each write is one command line: "K" updates the keys and asks for the same.
        var updates = 0
        while updates < 2000, try await node.events.downs.isEmpty, command.write([0x4B, 0x0A]) {
            updates += 1
        }
        try await node.wait(for: "down") { !$0.downs.isEmpty }
        let downs = try await node.events.downs
        guard case .tls(let why) = downs.first else {
            Issue.record("unexpected end \(downs)")
            return
        }
        #expect(why.contains("KEY_UPDATES"))
        command.stop()
        _ = await command.finish()
        #expect(try await node.servesAGoodPeer())
        try await node.shutdown()
    }
}
