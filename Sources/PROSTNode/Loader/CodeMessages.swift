package import Wire

/// FETCH: asks for a piece of a package, or with length 0 whether it is there
/// (`Spec/loading.md` §3).
package struct CodeFetch: Hashable, Sendable {
    package var digest: PackageDigest
    package var offset: UInt32
    /// At most `CodeChunk.maximumLength`; 0 asks for the size only.
    package var length: UInt32

    package init(digest: PackageDigest, offset: UInt32, length: UInt32) {
        self.digest = digest
        self.offset = offset
        self.length = length
    }
}

extension CodeFetch: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        digest = try PackageDigest(from: &reader)
        offset = try reader.u32("fetch offset")
        let start = reader
        length = try reader.u32("fetch length")
        guard length <= CodeChunk.maximumLength else {
            throw start.error(
                "fetch length",
                .tooLarge(value: UInt64(length), limit: UInt64(CodeChunk.maximumLength))
            )
        }
    }

    package func encode(to writer: inout WireWriter) {
        digest.encode(to: &writer)
        writer.u32(offset)
        writer.u32(length)
    }
}

/// CHUNK: the answer to FETCH.
package struct CodeChunk: Hashable, Sendable {
    /// Most bytes in one piece.
    package static let maximumLength = 64 * 1024

    package enum Status: Hashable, Sendable {
        /// `bytes` at `offset` of a package of `total` bytes.
        case found(total: UInt32, offset: UInt32, bytes: [UInt8])
        case absent
        /// Ask again later.
        case busy
    }

    package var digest: PackageDigest
    package var status: Status

    package init(digest: PackageDigest, status: Status) {
        self.digest = digest
        self.status = status
    }
}

extension CodeChunk: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        digest = try PackageDigest(from: &reader)
        let start = reader
        switch try reader.u8("chunk status") {
        case 0:
            status = .found(
                total: try reader.u32("package length"),
                offset: try reader.u32("chunk offset"),
                bytes: try reader.prefixedBytes("chunk", limit: Self.maximumLength)
            )
        case 1: status = .absent
        case 2: status = .busy
        case let other: throw start.error("chunk status", .invalid("unknown value \(other)"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        digest.encode(to: &writer)
        switch status {
        case .found(let total, let offset, let bytes):
            writer.u8(0)
            writer.u32(total)
            writer.u32(offset)
            writer.prefixedBytes(bytes)
        case .absent: writer.u8(1)
        case .busy: writer.u8(2)
        }
    }
}
