package import Wire

extension ProgramImage: WireCodable {
    /// Version of the image format, its first byte.
    package static let formatVersion: UInt8 = 1

    /// Of the encoded image.
    package var byteCount: Int { wireBytes.count }

    /// Sections in the order in which they are written; an empty section is left out.
    private enum Section: UInt8, CaseIterable {
        case imports = 1
        case functions, exports, globals, table, memory, data
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init()
        guard reader.remaining <= BytecodeLimits.image else {
            throw reader.error(
                "image",
                .tooLarge(
                    value: UInt64(reader.remaining),
                    limit: UInt64(BytecodeLimits.image)
                )
            )
        }
        let version = try reader.u8("image version")
        guard version == Self.formatVersion else {
            throw reader.error("image version", .invalid("unknown version \(version)"))
        }
        var last: UInt8 = 0
        while !reader.isAtEnd {
            let id = try reader.u8("section id")
            guard let section = Section(rawValue: id) else {
                throw reader.error("section id", .invalid("unknown section \(id)"))
            }
            guard id > last else {
                throw reader.error("section id", .notCanonical("section \(id) after \(last)"))
            }
            last = id
            let length = try reader.varint("section length", limit: UInt64(BytecodeLimits.image))
            var body = try reader.slice(Int(length), "section")
            try decode(section, from: &body)
            try body.expectEnd("section")
        }
    }

    private mutating func decode(
        _ section: Section,
        from body: inout WireReader
    ) throws(WireError) {
        switch section {
        case .imports:
            imports = try body.list("import count", BytecodeLimits.imports) {
                (body) throws(WireError) in try HostImport(from: &body)
            }
        case .functions:
            functions = try body.list("function count", BytecodeLimits.functions) {
                (body) throws(WireError) in try FunctionBody(from: &body)
            }
        case .exports:
            exports = try body.list("export count", BytecodeLimits.exports) {
                (body) throws(WireError) in try Export(from: &body)
            }
        case .globals:
            globals = try body.list("global count", BytecodeLimits.globals) {
                (body) throws(WireError) in try body.signedVarint("global")
            }
        case .table:
            table = try body.list("table size", BytecodeLimits.table) {
                (body) throws(WireError) in try body.index("table entry")
            }
        case .memory: memory = try MemoryLayout(from: &body)
        case .data:
            data = try body.list("segment count", BytecodeLimits.dataSegments) {
                (body) throws(WireError) in try DataSegment(from: &body)
            }
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(Self.formatVersion)
        for section in Section.allCases {
            var body = WireWriter()
            encode(section, to: &body)
            guard !body.bytes.isEmpty else { continue }
            writer.u8(section.rawValue)
            writer.prefixedBytes(body.bytes)
        }
    }

    private func encode(_ section: Section, to body: inout WireWriter) {
        switch section {
        case .imports: body.list(imports) { $1.encode(to: &$0) }
        case .functions: body.list(functions) { $1.encode(to: &$0) }
        case .exports: body.list(exports) { $1.encode(to: &$0) }
        case .globals: body.list(globals) { $0.signedVarint($1) }
        case .table: body.list(table) { $0.varint(UInt64($1)) }
        case .memory: if memory != MemoryLayout() { memory.encode(to: &body) }
        case .data: body.list(data) { $1.encode(to: &$0) }
        }
    }
}

extension ProgramImage.HostImport {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        name = try reader.prefixedText("import name", limit: BytecodeLimits.nameLength)
        parameterCount = try reader.u8("import parameter count")
    }

    fileprivate func encode(to writer: inout WireWriter) {
        writer.prefixedText(name)
        writer.u8(parameterCount)
    }
}

extension ProgramImage.FunctionBody {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        parameterCount = try reader.u8("parameter count")
        resultCount = try reader.u8("result count")
        localCount = UInt16(
            truncatingIfNeeded: try reader.varint(
                "local count",
                limit: UInt64(BytecodeLimits.locals)
            )
        )
        code = try reader.prefixedBytes("code", limit: BytecodeLimits.functionCode)
    }

    fileprivate func encode(to writer: inout WireWriter) {
        writer.u8(parameterCount)
        writer.u8(resultCount)
        writer.varint(UInt64(localCount))
        writer.prefixedBytes(code)
    }
}

extension ProgramImage.Export {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        name = try reader.prefixedText("export name", limit: BytecodeLimits.nameLength)
        function = try reader.index("exported function")
    }

    fileprivate func encode(to writer: inout WireWriter) {
        writer.prefixedText(name)
        writer.varint(UInt64(function))
    }
}

extension ProgramImage.MemoryLayout {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        self.init()
        initialPages = try reader.index("initial pages")
        maximumPages = try reader.index("maximum pages")
        inboxAddress = try reader.index("inbox address")
        inboxCapacity = try reader.index("inbox capacity")
        guard self != Self() else {
            throw reader.error("memory", .notCanonical("empty section"))
        }
    }

    fileprivate func encode(to writer: inout WireWriter) {
        for field in [initialPages, maximumPages, inboxAddress, inboxCapacity] {
            writer.varint(UInt64(field))
        }
    }
}

extension ProgramImage.DataSegment {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        address = try reader.index("segment address")
        bytes = try reader.prefixedBytes("segment", limit: BytecodeLimits.dataBytes)
    }

    fileprivate func encode(to writer: inout WireWriter) {
        writer.varint(UInt64(address))
        writer.prefixedBytes(bytes)
    }
}

extension WireReader {
    fileprivate mutating func index(_ field: String) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint(field, limit: UInt64(UInt32.max)))
    }

    /// A list that is not empty: an empty one is written by leaving its section out.
    fileprivate mutating func list<Element>(
        _ field: String,
        _ limit: Int,
        _ element: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = Int(try varint(field, limit: UInt64(limit)))
        guard count > 0 else { throw error(field, .notCanonical("empty section")) }
        guard count <= remaining else {
            throw error(field, .truncated(needed: count, available: remaining))
        }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }
}

extension WireWriter {
    fileprivate mutating func list<Element>(
        _ elements: [Element],
        _ write: (inout WireWriter, Element) -> Void
    ) {
        guard !elements.isEmpty else { return }
        varint(UInt64(elements.count))
        for element in elements { write(&self, element) }
    }
}
