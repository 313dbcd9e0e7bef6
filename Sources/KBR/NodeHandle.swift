package import Wire

/// A node as others reach it: its identifier and advertised address (`Spec/identifiers.md` §3).
///
/// Sixty-four bytes on the wire and in a peerlet's memory. It proves nothing: who dials the
/// address checks the identifier against the key that the other side proves in TLS.
package struct NodeHandle: Hashable, Sendable {
    package var id: Identifier
    package var endpoint: Endpoint
    /// Which virtual node of its key this is; 0 for the first.
    package var index: UInt16
    /// Grows with each address the node advertises; the higher one counts.
    package var sequence: UInt64

    package init(id: Identifier, endpoint: Endpoint, index: UInt16 = 0, sequence: UInt64 = 0) {
        self.id = id
        self.endpoint = endpoint
        self.index = index
        self.sequence = sequence
    }

    package static let byteCount = 64

    /// The sixty-four bytes as big-endian words.
    package var words: InlineArray<8, UInt64> {
        [
            id.words.0, id.words.1, id.words.2, id.words.3, endpoint.address.0, endpoint.address.1,
            UInt64(endpoint.port) << 48 | UInt64(index) << 32 | sequence >> 32, sequence << 32,
        ]
    }
}

extension NodeHandle: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        id = try Identifier(from: &reader)
        let words = try reader.words("node address")
        endpoint = Endpoint(
            address: (words.0, words.1),
            port: UInt16(truncatingIfNeeded: words.2 >> 48)
        )
        index = UInt16(truncatingIfNeeded: words.2 >> 32)
        sequence = words.2 << 32 | words.3 >> 32
        guard UInt32(truncatingIfNeeded: words.3) == 0 else {
            throw reader.error("node handle padding", .notCanonical("must be zero"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        let words = words
        writer.words((words[0], words[1], words[2], words[3]))
        writer.words((words[4], words[5], words[6], words[7]))
    }
}

extension NodeHandle: CustomStringConvertible {
    package var description: String { "\(id)@\(endpoint)" }
}

extension WireReader {
    /// A list of at most `WireLimits.handles` handles after its count.
    package mutating func handles(_ field: String) throws(WireError) -> [NodeHandle] {
        let count = try varint(field, limit: UInt64(WireLimits.handles))
        var list: [NodeHandle] = []
        // As many as there are bytes for.
        list.reserveCapacity(min(Int(count), remaining / NodeHandle.byteCount))
        for _ in 0..<count { list.append(try NodeHandle(from: &self)) }
        return list
    }
}

extension WireWriter {
    package mutating func handles(_ list: [NodeHandle]) {
        varint(UInt64(list.count))
        for handle in list { handle.encode(to: &self) }
    }
}
