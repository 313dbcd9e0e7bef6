package import KBR
internal import Wire

/// Decides about the other side of a handshake; the same checks, in the same order, on both sides
/// (`Spec/wire.md` §4.5).
package struct HandshakeJudge: Sendable {
    package var profile: RingProfile
    package var node: NodeHandle
    package var joinToken: [UInt8]
    package var authentication: PeerAuthentication

    package init(
        profile: RingProfile,
        node: NodeHandle,
        joinToken: [UInt8],
        authentication: PeerAuthentication
    ) {
        self.profile = profile
        self.node = node
        self.joinToken = joinToken
        self.authentication = authentication
    }

    var hello: Hello { Hello(profile: profile, node: node, joinToken: joinToken) }

    func acceptance(version: UInt16) -> Acceptance {
        Acceptance(protocolVersion: version, profile: profile, node: node, joinToken: joinToken)
    }

    /// The listener's verdict on the body of a hello.
    func judgeHello(_ body: [UInt8], publicKey: [UInt8]) throws(Refusal) -> PeerIdentity {
        let hello: Hello
        let versions: ClosedRange<UInt16>
        do {
            var reader = WireReader(body)
            versions = try Hello.versions(from: &reader)
        } catch {
            throw Refusal(.malformed, error.description)
        }
        // Before the rest is read: a later version's hello may hold what this one cannot decode.
        guard let version = profile.commonVersion(with: versions) else {
            let ours = profile.protocolVersions
            throw Refusal(
                .protocolVersion,
                "this node speaks versions \(ours.lowerBound) to \(ours.upperBound), "
                    + "not \(versions.lowerBound) to \(versions.upperBound)"
            )
        }
        do {
            hello = try Hello(wireBytes: body, "hello")
        } catch {
            throw Refusal(.malformed, error.description)
        }
        return try judge(
            ring: hello.ring,
            node: hello.node,
            token: hello.joinToken,
            publicKey: publicKey,
            version: version
        )
    }

    /// The dialler's verdict on the body of an acceptance.
    func judgeAcceptance(_ body: [UInt8], publicKey: [UInt8]) throws(Refusal) -> PeerIdentity {
        let acceptance: Acceptance
        do {
            acceptance = try Acceptance(wireBytes: body, "acceptance")
        } catch {
            throw Refusal(.malformed, error.description)
        }
        guard profile.protocolVersions.contains(acceptance.protocolVersion) else {
            throw Refusal(
                .protocolVersion,
                "version \(acceptance.protocolVersion) was not offered"
            )
        }
        return try judge(
            ring: acceptance.ring,
            node: acceptance.node,
            token: acceptance.joinToken,
            publicKey: publicKey,
            version: acceptance.protocolVersion
        )
    }

    private func judge(
        ring: RingParameters,
        node peer: NodeHandle,
        token: [UInt8],
        publicKey: [UInt8],
        version: UInt16
    ) throws(Refusal) -> PeerIdentity {
        if let mismatch = profile.mismatch(with: ring) { throw mismatch }
        let derived = authentication.identifier(publicKey, peer.index)
        guard derived == peer.id else {
            throw Refusal(.identity, "the key proves \(derived), not \(peer.id)")
        }
        guard peer.id != node.id else {
            throw Refusal(.selfConnection, "\(peer.id) is this node's own identifier")
        }
        if let judgeToken = authentication.joinToken {
            guard !token.isEmpty else {
                throw Refusal(.joinTokenRequired, "ring \"\(profile.name)\" is closed")
            }
            if let reason = judgeToken(token, publicKey) {
                throw Refusal(reason, "for node \(peer.id)")
            }
        }
        return PeerIdentity(node: peer, publicKey: publicKey, protocolVersion: version)
    }
}
