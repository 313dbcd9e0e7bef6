package import KBR
package import Wire

/// The configured arc, by one of its keys, and the epoch under which a member of a consistent
/// store acts; members of a later epoch refuse it (`Spec/consistency.md`).
package struct RangeStamp: Hashable, Sendable {
    package var key: Identifier
    package var epoch: UInt64

    package init(key: Identifier, epoch: UInt64) {
        self.key = key
        self.epoch = epoch
    }
}

extension RangeStamp: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        key = try Identifier(from: &reader)
        epoch = try reader.u64("range epoch")
    }

    package func encode(to writer: inout WireWriter) {
        key.encode(to: &writer)
        writer.u64(epoch)
    }
}
