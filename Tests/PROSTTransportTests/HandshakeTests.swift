internal import Cryptography
internal import KBR
internal import PROSTTransport
internal import Testing
internal import Wire

/// Two rings that cannot be one, and the reason both sides must hear.
private struct Mismatch: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var dialler: RingProfile
    var listener = profile(versions: 2...3)
    var reason: Refusal.Reason

    static let all = [
        Mismatch(
            testDescription: "ring name",
            dialler: profile(name: "other", versions: 2...3),
            reason: .ringName
        ),
        Mismatch(
            testDescription: "successor list length",
            dialler: profile(r: 4, versions: 2...3),
            reason: .ringParameters
        ),
        Mismatch(
            testDescription: "replica count",
            dialler: profile(replicas: 5, versions: 2...3),
            reason: .ringParameters
        ),
        Mismatch(
            testDescription: "price table",
            dialler: profile(priceTable: 2, versions: 2...3),
            reason: .priceTable
        ),
        Mismatch(
            testDescription: "older protocol",
            dialler: profile(versions: 1...1),
            reason: .protocolVersion
        ),
        Mismatch(
            testDescription: "newer protocol",
            dialler: profile(versions: 4...9),
            reason: .protocolVersion
        ),
    ]
}

@Suite struct `A handshake` {
    @Test(arguments: Mismatch.all)
    fileprivate func `between different rings fails with the same reason on both sides`(
        _ mismatch: Mismatch
    ) async throws {
        let a = try await TestNode.start(mismatch.dialler)
        let b = try await TestNode.start(mismatch.listener)
        let error = await #expect(throws: ConnectionEnd.self) { try await a.connect(b) }
        guard case .refusedByPeer(let refusal) = error else {
            Issue.record("unexpected end \(String(describing: error))")
            return
        }
        #expect(refusal.reason == mismatch.reason)
        #expect(!refusal.detail.isEmpty)
        try await b.wait(for: "refusal") { $0.rejections.contains(.refused(refusal)) }
        #expect(try await b.events.ups.isEmpty)
        #expect(try await b.servesAGoodPeer(mismatch.listener))
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `agrees on the highest common version`() async throws {
        let a = try await TestNode.start(profile(versions: 1...5))
        let b = try await TestNode.start(profile(versions: 3...9))
        #expect(try await a.connect(b).protocolVersion == 5)
        try await b.wait(for: "peer") { !$0.ups.isEmpty }
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `with the wrong node at the address fails`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let other = Identifier(words: (9, 9, 9, 9))
        let error = await #expect(throws: ConnectionEnd.self) {
            try await a.connect(b, expecting: other)
        }
        guard case .identityMismatch = error else {
            Issue.record("unexpected end \(String(describing: error))")
            return
        }
        // What waited for the node that was not there comes back.
        let frame = Frame(kind: 10, body: [1])
        let wrong = NodeHandle(id: other, endpoint: b.endpoint)
        #expect(try await a.send(frame, to: wrong) == .queued)
        try await a.wait(for: "undeliverable") { $0.undeliverable == [frame] }
        #expect(try await b.events.frames(ofKind: 10).isEmpty)
        try await a.shutdown()
        try await b.shutdown()
    }
}

@Suite struct `A closed ring` {
    private static let ring = "closed"

    private static func token(
        for key: PrivateKey,
        by operatorKey: PrivateKey,
        expires: UInt64 = 0
    ) throws -> JoinToken {
        try JoinToken.issue(
            ring: ring,
            node: key.publicKey,
            expires: expires,
            operator: operatorKey
        )
    }

    private static func member(of operatorKey: PrivateKey) async throws -> TestNode {
        let key = try PrivateKey.generate()
        return try await TestNode.start(
            profile(name: ring),
            key: key,
            token: try token(for: key, by: operatorKey),
            operatorKey: operatorKey.publicKey
        )
    }

    private func refusal(
        of token: JoinToken?,
        key: PrivateKey,
        operatorKey: PrivateKey
    ) async throws -> Refusal.Reason? {
        let member = try await Self.member(of: operatorKey)
        let newcomer = try await TestNode.start(
            profile(name: Self.ring),
            key: key,
            token: token,
            operatorKey: operatorKey.publicKey
        )
        let error = await #expect(throws: ConnectionEnd.self) {
            try await newcomer.connect(member)
        }
        try await member.wait(for: "refusal") { !$0.rejections.isEmpty }
        #expect(try await member.events.ups.isEmpty)
        try await newcomer.shutdown()
        try await member.shutdown()
        guard case .refusedByPeer(let refusal) = error else { return nil }
        return refusal.reason
    }

    @Test func `admits nodes with the operator's token`() async throws {
        let operatorKey = try PrivateKey.generate()
        let (a, b) = (
            try await Self.member(of: operatorKey), try await Self.member(of: operatorKey)
        )
        #expect(try await a.connect(b).id == b.id)
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `requires a token`() async throws {
        let reason = try await refusal(
            of: nil,
            key: .generate(),
            operatorKey: .generate()
        )
        #expect(reason == .joinTokenRequired)
    }

    @Test func `refuses an expired token`() async throws {
        let (key, operatorKey) = (try PrivateKey.generate(), try PrivateKey.generate())
        let token = try Self.token(for: key, by: operatorKey, expires: wallClock() - 1000)
        let reason = try await refusal(of: token, key: key, operatorKey: operatorKey)
        #expect(reason == .joinTokenExpired)
    }

    @Test func `refuses a token for another key`() async throws {
        let operatorKey = try PrivateKey.generate()
        let token = try Self.token(for: .generate(), by: operatorKey)
        let reason = try await refusal(of: token, key: .generate(), operatorKey: operatorKey)
        #expect(reason == .joinTokenInvalid)
    }

    @Test func `refuses a token that someone else signed`() async throws {
        let key = try PrivateKey.generate()
        let token = try Self.token(for: key, by: .generate())
        let reason = try await refusal(of: token, key: key, operatorKey: .generate())
        #expect(reason == .joinTokenInvalid)
    }

    @Test func `is not entered by a member that dials an impostor`() async throws {
        let operatorKey = try PrivateKey.generate()
        let member = try await Self.member(of: operatorKey)
        // Open, so that it accepts, but without a token of its own.
        let impostor = try await TestNode.start(profile(name: Self.ring))
        let error = await #expect(throws: ConnectionEnd.self) {
            try await member.connect(impostor)
        }
        guard case .refused(let refusal) = error else {
            Issue.record("unexpected end \(String(describing: error))")
            return
        }
        #expect(refusal.reason == .joinTokenRequired)
        #expect(try await member.events.ups.isEmpty)
        try await impostor.wait(for: "refusal") { $0.downs == [.refusedByPeer(refusal)] }
        try await member.shutdown()
        try await impostor.shutdown()
    }
}
