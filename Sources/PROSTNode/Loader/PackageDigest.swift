package import KBR
package import Wire

/// SHA-256 of a whole package file; names it on the wire, on disk and in `ring:` locators.
package struct PackageDigest: Hashable, Comparable, Sendable {
    package let identifier: Identifier

    package init(_ identifier: Identifier) { self.identifier = identifier }

    /// Nil unless `bytes` are exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard let identifier = Identifier(bytes: bytes) else { return nil }
        self.identifier = identifier
    }

    /// Nil unless `text` is 64 hexadecimal digits, with or without `sha256:` before them.
    package init?(_ text: some StringProtocol) {
        let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
        guard let identifier = Identifier(hexadecimal: digits) else { return nil }
        self.identifier = identifier
    }

    package var bytes: [UInt8] { identifier.bytes }

    package static func < (left: Self, right: Self) -> Bool { left.identifier < right.identifier }
}

extension PackageDigest: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        identifier = try Identifier(from: &reader)
    }

    package func encode(to writer: inout WireWriter) { identifier.encode(to: &writer) }
}

extension PackageDigest: CustomStringConvertible {
    package var description: String { "sha256:\(identifier.hexadecimal)" }
}
