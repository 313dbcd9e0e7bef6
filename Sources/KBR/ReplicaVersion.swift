package import Wire

/// The version of a stored value: a counter, then the node that wrote it (`Spec/node.md` §7).
package struct ReplicaVersion: Hashable, Comparable, Sendable {
    package var counter: UInt64
    package var writer: Identifier

    package init(counter: UInt64, writer: Identifier) {
        self.counter = counter
        self.writer = writer
    }

    package static let none = ReplicaVersion(counter: 0, writer: .zero)

    package static func < (left: Self, right: Self) -> Bool {
        (left.counter, left.writer) < (right.counter, right.writer)
    }
}

extension ReplicaVersion: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        counter = try reader.u64("version counter")
        writer = try Identifier(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(counter)
        self.writer.encode(to: &writer)
    }
}
