internal import Cryptography
internal import KBR
internal import PeerletRuntime
internal import Wire

/// Makes and checks this node's reply handles (`Spec/node.md` §3.4).
struct ReplyAuthority: Sendable {
    private let node: Identifier
    private let authenticator: HMACSHA256

    /// `secret` is this process's own; handles do not outlive it.
    init(node: Identifier, secret: [UInt8]) throws(CryptographyError) {
        self.node = node
        authenticator = try HMACSHA256(key: secret)
    }

    func handle(
        nonce: UInt64,
        deadline: UInt64,
        waiter: RequestWaiter
    ) throws(CryptographyError) -> ReplyHandle {
        var handle = ReplyHandle(
            origin: node,
            instanceTag: Self.tag(of: waiter),
            nonce: nonce,
            deadline: deadline,
            code: []
        )
        let code = try authenticator.code(fields(of: handle))
        handle.code = Array(code.prefix(Self.codeLength))
        return handle
    }

    func isGenuine(_ handle: ReplyHandle) -> Bool {
        guard handle.origin == node, let expected = try? authenticator.code(fields(of: handle))
        else { return false }
        return constantTimeEquals(handle.code, Array(expected.prefix(Self.codeLength)))
    }

    private func fields(of handle: ReplyHandle) -> [UInt8] {
        var writer = WireWriter(capacity: 64)
        handle.origin.encode(to: &writer)
        writer.raw(handle.instanceTag)
        writer.u64(handle.nonce)
        writer.u64(handle.deadline)
        return writer.bytes
    }

    private static let codeLength = 16

    private static func tag(of waiter: RequestWaiter) -> [UInt8] {
        var writer = WireWriter(capacity: 72)
        switch waiter {
        case .instance(let id, _):
            writer.u8(0)
            id.application.encode(to: &writer)
            if let key = id.key { key.encode(to: &writer) }
        case .client(let client, let request):
            writer.u8(1)
            writer.u64(client)
            writer.u64(request)
        }
        return Array(SHA256.digest(writer.bytes).prefix(16))
    }
}
