package import Cryptography

/// Signs for peerlets with a key held in this process.
package struct NodeKeySigner: PeerletSigner {
    private let key: PrivateKey

    package init(_ key: PrivateKey) { self.key = key }

    package var publicKey: [UInt8] { key.publicKey.raw }

    package func signature(forPeerlet payload: [UInt8]) -> [UInt8]? {
        try? key.signature(of: payload, for: .peerlet)
    }
}
