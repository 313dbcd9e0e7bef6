/// A value with exactly one valid encoding: `decode` accepts only what `encode` writes.
package protocol WireCodable {
    init(from reader: inout WireReader) throws(WireError)
    func encode(to writer: inout WireWriter)
    /// Room to begin with when a value is encoded by itself.
    var usualByteCount: Int { get }
}

extension WireCodable {
    package var usualByteCount: Int { 64 }

    package var wireBytes: [UInt8] {
        var writer = WireWriter(capacity: usualByteCount)
        encode(to: &writer)
        return writer.bytes
    }

    /// Decodes a whole buffer; bytes after the value are an error.
    package init(wireBytes: [UInt8], _ name: String) throws(WireError) {
        var reader = WireReader(wireBytes)
        try self.init(from: &reader)
        try reader.expectEnd(name)
    }
}
