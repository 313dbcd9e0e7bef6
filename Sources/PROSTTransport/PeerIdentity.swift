package import KBR

/// A peer whose identifier was proved on its connection.
package struct PeerIdentity: Hashable, Sendable {
    /// Identifier (proved) and address (claimed).
    package var node: NodeHandle
    /// Raw Ed25519 public key, 32 bytes.
    package var publicKey: [UInt8]
    /// Protocol version agreed on.
    package var protocolVersion: UInt16

    package var id: Identifier { node.id }

    package init(node: NodeHandle, publicKey: [UInt8], protocolVersion: UInt16) {
        self.node = node
        self.publicKey = publicKey
        self.protocolVersion = protocolVersion
    }
}

/// What a node shows to its peers.
package struct LocalIdentity: Sendable {
    /// The one self-signed Ed25519 certificate, DER.
    package var certificate: [UInt8]
    /// Its private key, PKCS #8 PEM text as bytes.
    package var privateKey: [UInt8]
    /// Identifier, index and advertised address; port 0 stands for the port bound.
    package var node: NodeHandle
    /// The operator's signature that lets this node into a closed ring; empty for none.
    package var joinToken: [UInt8]

    package init(
        certificate: [UInt8],
        privateKey: [UInt8],
        node: NodeHandle,
        joinToken: [UInt8] = []
    ) {
        self.certificate = certificate
        self.privateKey = privateKey
        self.node = node
        self.joinToken = joinToken
    }
}

/// How identities are checked; closures, so that the transport knows no key format.
package struct PeerAuthentication: Sendable {
    /// Checks a certificate (DER): self-signed Ed25519, valid now; gives its raw public key.
    package var publicKey: @Sendable (_ certificate: [UInt8]) throws -> [UInt8]
    /// Derives a node's identifier from its raw public key and index.
    package var identifier: @Sendable (_ publicKey: [UInt8], _ index: UInt16) -> Identifier
    /// Judges a join token for a key; nil admits it.
    ///
    /// The closure itself is nil in an open ring.
    package var joinToken: (@Sendable (_ token: [UInt8], _ publicKey: [UInt8]) -> Refusal.Reason?)?

    package init(
        publicKey: @escaping @Sendable (_ certificate: [UInt8]) throws -> [UInt8],
        identifier: @escaping @Sendable (_ publicKey: [UInt8], _ index: UInt16) -> Identifier,
        joinToken: (@Sendable (_ token: [UInt8], _ publicKey: [UInt8]) -> Refusal.Reason?)? = nil
    ) {
        self.publicKey = publicKey
        self.identifier = identifier
        self.joinToken = joinToken
    }
}
