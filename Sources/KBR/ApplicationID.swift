package import Wire

/// Which application a message or a store belongs to: SHA-256(tag, root key, name), so that the
/// provider's root key and the name cannot be changed under it (`Spec/identifiers.md` §4).
package struct ApplicationID: Hashable, Comparable, Sendable {
    package let identifier: Identifier

    package init(_ identifier: Identifier) { self.identifier = identifier }

    package static func < (left: Self, right: Self) -> Bool { left.identifier < right.identifier }
}

extension ApplicationID: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        identifier = try Identifier(from: &reader)
    }

    package func encode(to writer: inout WireWriter) { identifier.encode(to: &writer) }
}

extension ApplicationID: CustomStringConvertible {
    package var description: String { identifier.description }
}
