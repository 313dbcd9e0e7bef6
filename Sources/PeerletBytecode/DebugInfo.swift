package import Wire

/// Names and source lines of a program (`Spec/isa/image.md` §4), kept apart from the package.
package struct DebugInfo: Hashable, Sendable {
    /// SHA-256 of the encoded image that it is about; zeros if that was not encoded.
    package var codeDigest = [UInt8](repeating: 0, count: digestCount)
    /// Source paths as the assembler was given them.
    package var files: [String] = []
    /// One per function of the image, in its order.
    package var functions: [Function] = []

    private static let digestCount = 32

    package init() {}

    package struct Function: Hashable, Sendable {
        package var name: String
        /// In ascending order of `offset`.
        package var lines: [Line]

        package init(name: String, lines: [Line]) {
            self.name = name
            self.lines = lines
        }
    }

    /// From `offset` up to the next entry, code comes from this line.
    package struct Line: Hashable, Sendable {
        package var offset: UInt32
        /// Index into `files`.
        package var file: UInt32
        /// Counted from 1.
        package var line: UInt32

        package init(offset: UInt32, file: UInt32, line: UInt32) {
            self.offset = offset
            self.file = file
            self.line = line
        }
    }

    /// Where the instruction at `offset` of `function` came from, nil if nothing is known.
    package func location(function: UInt32, offset: UInt32) -> (file: String, line: UInt32)? {
        guard functions.indices.contains(Int(function)) else { return nil }
        let lines = functions[Int(function)].lines
        var low = 0
        var high = lines.count
        while low < high {
            let middle = (low + high) / 2
            if lines[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0, files.indices.contains(Int(lines[low - 1].file)) else { return nil }
        return (files[Int(lines[low - 1].file)], lines[low - 1].line)
    }

    package func name(function: UInt32) -> String? {
        functions.indices.contains(Int(function)) ? functions[Int(function)].name : nil
    }
}

extension DebugInfo: WireCodable {
    package static let formatVersion: UInt8 = 2

    package init(from reader: inout WireReader) throws(WireError) {
        guard reader.remaining <= BytecodeLimits.debugInfo else {
            throw reader.error(
                "debug info",
                .tooLarge(
                    value: UInt64(reader.remaining),
                    limit: UInt64(BytecodeLimits.debugInfo)
                )
            )
        }
        let version = try reader.u8("debug info version")
        guard version == Self.formatVersion else {
            throw reader.error("debug info version", .invalid("unknown version \(version)"))
        }
        codeDigest = try reader.bytes(Self.digestCount, "code digest")
        for _ in 0..<(try reader.count("file count", BytecodeLimits.sourceFiles)) {
            files.append(
                try reader.prefixedText("file name", limit: BytecodeLimits.sourceNameLength)
            )
        }
        for _ in 0..<(try reader.count("function count", BytecodeLimits.functions)) {
            functions.append(try Function(from: &reader, fileCount: files.count))
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(Self.formatVersion)
        writer.raw(codeDigest)
        writer.varint(UInt64(files.count))
        for file in files { writer.prefixedText(file) }
        writer.varint(UInt64(functions.count))
        for function in functions { function.encode(to: &writer) }
    }
}

extension DebugInfo.Function {
    fileprivate init(
        from reader: inout WireReader,
        fileCount: Int
    ) throws(WireError) {
        name = try reader.prefixedText("function name", limit: BytecodeLimits.sourceNameLength)
        lines = []
        for _ in 0..<(try reader.count("line count", BytecodeLimits.lineEntries)) {
            let offset = try reader.varint("line offset", limit: UInt64(UInt32.max))
            if let last = lines.last, offset <= UInt64(last.offset) {
                throw reader.error("line offset", .notCanonical("not ascending"))
            }
            let file = try reader.varint("line file", limit: UInt64(UInt32.max))
            guard file < UInt64(fileCount) else {
                throw reader.error("line file", .invalid("no file \(file)"))
            }
            let line = try reader.varint("line", limit: UInt64(UInt32.max))
            lines.append(
                DebugInfo.Line(
                    offset: UInt32(truncatingIfNeeded: offset),
                    file: UInt32(truncatingIfNeeded: file),
                    line: UInt32(truncatingIfNeeded: line)
                )
            )
        }
    }

    fileprivate func encode(to writer: inout WireWriter) {
        writer.prefixedText(name)
        writer.varint(UInt64(lines.count))
        for line in lines {
            writer.varint(UInt64(line.offset))
            writer.varint(UInt64(line.file))
            writer.varint(UInt64(line.line))
        }
    }
}

extension WireReader {
    /// A count of things that take at least one byte each.
    fileprivate mutating func count(_ field: String, _ limit: Int) throws(WireError) -> Int {
        let count = Int(try varint(field, limit: UInt64(limit)))
        guard count <= remaining else {
            throw error(field, .truncated(needed: count, available: remaining))
        }
        return count
    }
}
