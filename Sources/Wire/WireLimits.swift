/// Every maximum of the wire protocol (`Spec/wire.md` §2), checked before anything is allocated.
package enum WireLimits {
    /// Largest frame body, bytes, once the peer is accepted.
    package static let frame = 1 << 20
    /// Largest frame body, bytes, before the peer is accepted.
    package static let handshakeFrame = 4096
    /// Largest payload of a routed message, bytes.
    package static let payload = 64 * 1024
    /// Longest code locator, bytes of UTF-8.
    package static let locator = 255
    /// Longest ring name, bytes of UTF-8.
    package static let ringName = 64
    /// Most node handles in one list.
    package static let handles = 64
    /// Most extensions of one message, and the longest of them in bytes.
    package static let extensions = 8
    package static let extensionLength = 1024
    /// Largest package, bytes.
    package static let package = 1 << 20
    /// Largest value in an application's store, bytes.
    package static let storeValue = 64 * 1024
    /// Longest key in an application's store, bytes.
    package static let storeKey = 96
}
