internal import PeerletBytecode
internal import Suggestions

// The sections of the image: imports, globals, exports, tables, data, memory.
extension ProgramLinker {
    mutating func linkImports(_ reachability: Reachability) {
        for name in program.imports {
            guard let call = HostABI.call(named: name.text) else {
                generator.reportUnknownHostCall(name)
                // Uses of what was meant are right.
                let known = HostABI.rows.map(\.name)
                if let meant = Suggestion.nearest(to: name.text, among: known) {
                    generator.imports[meant] = 0
                }
                continue
            }
            guard name.span.file == 0 || reachability.hostCalls.contains(name.text) else {
                continue
            }
            let info = HostABI.info(call)
            generator.imports[name.text] = UInt32(image.imports.count)
            image.imports.append(
                ProgramImage.HostImport(
                    name: info.name,
                    parameterCount: UInt8(truncatingIfNeeded: info.parameters.count)
                )
            )
        }
        // Procedures that are left out are checked too, against what they would import.
        for name in program.imports where generator.imports[name.text] == nil {
            generator.imports[name.text] = 0
        }
    }

    mutating func linkGlobals() {
        for (index, global) in program.globals.enumerated() {
            if let syntax = global.type {
                generator.globalTypes[index] = generator.variableType(syntax)
            }
            var value: Int128 = 0
            if let expression = global.value {
                value = generator.definitions.evaluate(expression, &generator.bag) ?? 0
            }
            image.globals.append(Int64(bitPattern: ConstantArithmetic.pattern(value)))
        }
    }

    func function(named name: Name) -> UInt32? {
        guard case .procedure(let index) = generator.definitions.symbol(name.text) else {
            return nil
        }
        return generator.signatures[index]?.function
    }

    mutating func linkExports() {
        var seen: [String: SourceSpan] = [:]
        for (index, procedure) in program.procedures.enumerated() where procedure.isExported {
            guard let function = generator.signatures[index]?.function else { continue }
            addExport(procedure.name, function, &seen)
        }
        for (name, procedure) in program.exports {
            guard let function = function(named: procedure) else {
                let known = program.procedures.map(\.name.text)
                let near = Suggestion.nearest(to: procedure.text, among: known)
                generator.bag.error(
                    .unknownName,
                    "there is no procedure `\(procedure.text)`",
                    at: procedure.span,
                    help: near.map { ["did you mean `\($0)`?"] } ?? []
                )
                continue
            }
            addExport(name, function, &seen)
        }
    }

    private mutating func addExport(
        _ name: Name,
        _ function: UInt32,
        _ seen: inout [String: SourceSpan]
    ) {
        if let first = seen.updateValue(name.span, forKey: name.text) {
            generator.bag.error(
                .duplicate,
                "`\(name.text)` is exported twice",
                at: name.span,
                related: [(first, "the first export")]
            )
        }
        if name.text.isEmpty || name.text.utf8.count > BytecodeLimits.nameLength {
            generator.bag.error(
                .outOfRange,
                "the name of an export has 1 to \(BytecodeLimits.nameLength) bytes",
                at: name.span
            )
        }
        image.exports.append(ProgramImage.Export(name: name.text, function: function))
    }

    mutating func linkTable() {
        for name in planner.map.table {
            if case .procedure(let index) = generator.definitions.symbol(name),
                let function = generator.signatures[index]?.function
            {
                image.table.append(function)
            } else {
                let span = program.table.first { $0.text == name }?.span
                generator.bag.error(
                    .unknownName,
                    "there is no procedure `\(name)` for the table",
                    at: span ?? SourceSpan(file: 0, start: 0, end: 0)
                )
            }
        }
    }

    mutating func linkData() {
        var pieces: [(address: UInt64, bytes: [UInt8])] = []
        var total = 0
        for (index, definition) in program.data.enumerated() {
            guard let address = planner.map.addresses[.data(index)],
                case .items(let items) = definition.content
            else { continue }
            let piece = bytes(of: items)
            total += piece.count
            // The limit is reported with the others; what is beyond it is not made.
            guard total <= 2 * BytecodeLimits.dataBytes else { break }
            pieces.append((address, piece))
        }
        for (place, address) in planner.map.addresses {
            switch place {
            case .string(let bytes): pieces.append((address, bytes))
            case .identifier(let name): pieces.append((address, planner.digest(of: name)))
            default: break
            }
        }
        pieces.sort { ($0.address, $0.bytes.count) < ($1.address, $1.bytes.count) }
        for piece in pieces where !piece.bytes.isEmpty { append(piece.address, piece.bytes) }
        linkSegments(&total)
    }

    private mutating func linkSegments(_ total: inout Int) {
        for (segment, address) in zip(program.segments, planner.segmentAddresses) {
            let bytes = bytes(of: segment.items)
            total += bytes.count
            guard total <= 2 * BytecodeLimits.dataBytes else { return }
            image.data.append(
                ProgramImage.DataSegment(
                    address: UInt32(truncatingIfNeeded: address),
                    bytes: bytes
                )
            )
        }
    }

    mutating func bytes(of items: [DataDefinition.Item]) -> [UInt8] {
        var result: [UInt8] = []
        for item in items {
            switch item {
            case .string(let bytes), .bytes(let bytes): result += bytes
            case .zero(let count):
                let limit = AssemblyLimits.memoryBytes
                let size = generator.definitions.unsigned(
                    count,
                    limit: limit,
                    "the count",
                    &generator.bag
                )
                result += [UInt8](repeating: 0, count: Int(size ?? 0))
            case .number(let scalar, let expression):
                guard let value = generator.definitions.evaluate(expression, &generator.bag) else {
                    continue
                }
                let bits = Int128(scalar.size * 8)
                guard value >= -(1 << (bits - 1)), value < 1 << bits else {
                    generator.bag.error(
                        .outOfRange,
                        "\(value) does not fit \(scalar.rawValue)",
                        at: expression.span
                    )
                    continue
                }
                let pattern = ConstantArithmetic.pattern(value)
                for shift in stride(from: 0, to: UInt64(bits), by: 8) {
                    result.append(UInt8(truncatingIfNeeded: pattern >> shift))
                }
            }
        }
        return result
    }

    /// Joins pieces that are at most an alignment apart.
    mutating func append(_ address: UInt64, _ bytes: [UInt8]) {
        if let last = image.data.indices.last {
            let end = UInt64(image.data[last].address) + UInt64(image.data[last].bytes.count)
            if address >= end, address - end <= 16 {
                image.data[last].bytes += [UInt8](repeating: 0, count: Int(address - end)) + bytes
                return
            }
        }
        image.data.append(
            ProgramImage.DataSegment(address: UInt32(truncatingIfNeeded: address), bytes: bytes)
        )
    }

    mutating func linkMemory() {
        let page = UInt64(BytecodeLimits.pageSize)
        let needed = (planner.end + page - 1) / page
        let initial = max(needed, reader.pages)
        if initial > UInt64(reader.maximumPages) {
            generator.bag.error(
                .layout,
                "the program needs \(initial) pages at the start, its maximum is \(reader.maximumPages)",
                at: SourceSpan(file: 0, start: 0, end: 0),
                help: ["add `.limit memory_pages \(initial)`"]
            )
        }
        image.memory.initialPages = UInt32(truncatingIfNeeded: initial)
        image.memory.maximumPages = reader.maximumPages
        let inbox = planner.map.address(of: .inbox)
        image.memory.inboxAddress = UInt32(truncatingIfNeeded: inbox)
        image.memory.inboxCapacity = UInt32(truncatingIfNeeded: planner.inboxCapacity)
    }
}
