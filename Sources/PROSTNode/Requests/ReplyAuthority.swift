internal import Cryptography
internal import KBR
internal import PeerletRuntime
internal import Wire

/// Makes and checks this node's reply handles (`Spec/node.md` §3.4).
struct ReplyAuthority: Sendable {
    private let node: Identifier
    private let authenticator: HMACSHA256

    /// `secret` is this process's own; handles do not outlive it.
    init(node: Identifier, secret: [UInt8]) {
        self.node = node
        authenticator = HMACSHA256(key: secret)
    }

    func handle(nonce: UInt64, deadline: UInt64, waiter: RequestWaiter) -> ReplyHandle {
        let tag = Self.tag(of: waiter)
        return ReplyHandle(
            origin: node,
            instanceTag: tag,
            nonce: nonce,
            deadline: deadline,
            code: code(tag, nonce, deadline)
        )
    }

    func isGenuine(_ handle: ReplyHandle) -> Bool {
        handle.origin == node
            && code(handle.instanceTag, handle.nonce, handle.deadline)
                .equalsInConstantTime(handle.code)
    }

    private func code(_ tag: Octets16, _ nonce: UInt64, _ deadline: UInt64) -> Octets16 {
        var writer = WireWriter(capacity: 64)
        node.encode(to: &writer)
        tag.encode(to: &writer)
        writer.u64(nonce)
        writer.u64(deadline)
        return Octets16(prefixOf: authenticator.code(writer.bytes))
    }

    private static func tag(of waiter: RequestWaiter) -> Octets16 {
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
        return Octets16(prefixOf: SHA256.digest(writer.bytes))
    }
}
