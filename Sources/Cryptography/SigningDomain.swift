/// What a signature is for (`Spec/identifiers.md` §6): it is part of what is signed, so that a
/// signature made for one purpose is worth nothing for another.
package enum SigningDomain: String, CaseIterable, Sendable {
    case package = "prost-package"
    case delegation = "prost-delegation"
    case joinToken = "prost-join-token"
    /// Made for a peerlet by the key of the node it runs on; the payload starts with the app id.
    case peerlet = "prost-peerlet"

    /// The bytes to sign: `PROSTv1 <length> <domain> <length> <payload>`, lengths in decimal, one
    /// space between (the pre-authentication encoding of DSSE with a prefix of our own).
    package func encoding(of payload: [UInt8]) -> [UInt8] {
        Array("PROSTv1 \(rawValue.utf8.count) \(rawValue) \(payload.count) ".utf8) + payload
    }
}
