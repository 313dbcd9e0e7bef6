/// Signs for peerlets with the node's key, which no lane holds (`Spec/abi.md` §4.4).
package protocol PeerletSigner: Sendable {
    /// The node's raw public key, 32 bytes.
    var publicKey: [UInt8] { get }

    /// 64 bytes in the signing domain of peerlets; nil if the node does not sign now.
    func signature(forPeerlet payload: [UInt8]) -> [UInt8]?
}

/// What all machines of a node share.
package struct MachineEnvironment: Sendable {
    /// Nil: `cr.sign` is not permitted.
    package var signer: (any PeerletSigner)?

    package init(signer: (any PeerletSigner)? = nil) { self.signer = signer }
}
