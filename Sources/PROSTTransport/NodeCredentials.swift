package import Cryptography
package import KBR
internal import Wire

extension LocalIdentity {
    /// The identity of a node with this key: issues its certificate, valid from a day before `now`
    /// (clocks differ) for ten years; `now` in milliseconds since 1970.
    package init(
        key: PrivateKey,
        index: UInt16 = 0,
        endpoint: Endpoint,
        sequence: UInt64 = 0,
        joinToken: JoinToken? = nil,
        now: UInt64
    ) throws(CryptographyError) {
        let seconds = Int64(clamping: now / 1000)
        let day: Int64 = 86_400
        let certificate = try NodeCertificate.issue(
            for: key,
            notBefore: max(0, seconds - day),
            notAfter: seconds.addingReportingOverflow(3650 * day).partialValue
        )
        self.init(
            certificate: certificate.der,
            privateKey: try key.pem(),
            node: NodeHandle(
                id: .node(key.publicKey, index: index),
                endpoint: endpoint,
                index: index,
                sequence: sequence
            ),
            joinToken: joinToken?.wireBytes ?? []
        )
    }
}

extension PeerAuthentication {
    /// The checks of `Spec/wire.md` §3 and §4.5.
    ///
    /// With an operator's key the ring is closed: peers
    /// must show a token. `wallClock` gives milliseconds since 1970.
    package static func ed25519(
        ring: String,
        operatorKey: PublicKey?,
        wallClock: @escaping @Sendable () -> UInt64
    ) -> PeerAuthentication {
        var authentication = PeerAuthentication(
            publicKey: { (der: [UInt8]) -> [UInt8] in
                let seconds = Int64(clamping: wallClock() / 1000)
                return try NodeCertificate.provenKey(der: der, now: seconds).raw
            },
            identifier: { (raw: [UInt8], index: UInt16) -> Identifier in
                // Only keys that `publicKey` proved get here; zero is no node's identifier.
                PublicKey(raw: raw).map { Identifier.node($0, index: index) } ?? .zero
            }
        )
        if let operatorKey {
            authentication.joinToken = { bytes, raw in
                judge(bytes, for: raw, to: ring, operatorKey, now: wallClock())
            }
        }
        return authentication
    }

    private static func judge(
        _ bytes: [UInt8],
        for raw: [UInt8],
        to ring: String,
        _ operatorKey: PublicKey,
        now: UInt64
    ) -> Refusal.Reason? {
        guard
            let token = try? JoinToken(wireBytes: bytes, "join token"),
            let node = PublicKey(raw: raw)
        else { return .joinTokenInvalid }
        if token.admits(node, to: ring, operator: operatorKey, now: now) { return nil }
        // At time zero every token is still fresh: what fails now is its signature.
        let isGenuine = token.admits(node, to: ring, operator: operatorKey, now: 0)
        return isGenuine ? .joinTokenExpired : .joinTokenInvalid
    }
}
