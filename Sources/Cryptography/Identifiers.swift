package import KBR

extension Identifier {
    /// A node's identifier: SHA-256("prost-node-v1", public key, index) (`Spec/identifiers.md` §3).
    package static func node(_ key: PublicKey, index: UInt16 = 0) -> Identifier {
        let suffix = [UInt8(truncatingIfNeeded: index >> 8), UInt8(truncatingIfNeeded: index)]
        return digest(Array("prost-node-v1".utf8), key.raw, suffix)
    }

    /// Key of a name: SHA-256 of its UTF-8 bytes (`Spec/identifiers.md` §2).
    package static func key(named name: String) -> Identifier { digest(Array(name.utf8), [], []) }

    /// Key of content: SHA-256 of its bytes.
    package static func key(of content: [UInt8]) -> Identifier { digest(content, [], []) }

    fileprivate static func digest(_ a: [UInt8], _ b: [UInt8], _ c: [UInt8]) -> Identifier {
        // A SHA-256 digest always has the 32 bytes of an identifier.
        Identifier(bytes: SHA256.digest(a, b, c)) ?? .zero
    }
}

extension ApplicationID {
    /// SHA-256("prost-app-v1", root key, length of the name as one byte, name)
    /// (`Spec/identifiers.md` §4); nil if the name is not allowed.
    package init?(rootKey: PublicKey, name: String) {
        guard ApplicationName.isValid(name) else { return nil }
        let bytes = Array(name.utf8)
        self.init(
            Identifier.digest(
                Array("prost-app-v1".utf8),
                rootKey.raw,
                [UInt8(truncatingIfNeeded: bytes.count)] + bytes
            )
        )
    }
}

/// Names of applications: 1 to 64 of `a-z 0-9 . _ -` (`Spec/identifiers.md` §4), so that two names
/// never look alike.
package enum ApplicationName {
    package static let maximumLength = 64

    package static func isValid(_ name: String) -> Bool {
        (1...maximumLength).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
