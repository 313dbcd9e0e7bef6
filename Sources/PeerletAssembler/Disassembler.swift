package import PeerletBytecode

/// Text that assembles to the same image, byte for byte, whichever valid one it is.
package enum Disassembler {
    /// - Parameter names: of the functions, shown as comments.
    package static func text(
        for image: ProgramImage,
        manifest: ManifestDirectives? = nil,
        names: DebugInfo? = nil
    ) throws(InstructionError) -> String {
        var lines = [".prost 1"]
        if let manifest { lines += directives(manifest) }
        lines.append(".pages \(image.memory.initialPages), \(image.memory.maximumPages)")
        lines.append("")
        lines += sections(image)
        for (index, function) in image.functions.enumerated() {
            lines.append("")
            if let name = names?.name(function: UInt32(index)) {
                lines.append("; \(DiagnosticRenderer.printable(name.prefix(nameLength)))")
            }
            lines += try body(function, index, image)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Characters of a name that are shown.
    private static let nameLength = 100

    private static func directives(_ manifest: ManifestDirectives) -> [String] {
        var lines: [String] = []
        if let name = manifest.name { lines.append(".name \(quoted(name))") }
        lines.append(".version \(manifest.version)")
        lines.append(".type \(manifest.applicationType == .perHop ? "per-hop" : "end-node")")
        lines.append(".instance \(manifest.instanceClass.rawValue)")
        lines.append(".store \(manifest.storeClass.rawValue)")
        lines.append(".replicas \(manifest.replicaCount)")
        lines.append(".not_before \(time(manifest.notBefore))")
        lines.append(".expires \(time(manifest.expires))")
        lines.append(".limit fuel_per_upcall \(manifest.fuelPerUpcall)")
        lines.append(".limit fuel_per_second \(manifest.fuelPerSecond)")
        lines.append(".limit memory_pages \(manifest.memoryPages)")
        lines.append(".limit store_bytes \(manifest.storeBytes)")
        lines.append(".limit messages_per_second \(manifest.messagesPerSecond)")
        lines.append(".limit mailbox \(manifest.mailbox)")
        return lines
    }

    private static func time(_ milliseconds: UInt64) -> String {
        guard milliseconds > 0 else { return "0" }
        return CalendarTime.text(milliseconds).map { "\"\($0)\"" } ?? "\(milliseconds) ms"
    }

    private static func sections(_ image: ProgramImage) -> [String] {
        var lines = image.imports.map { "import \($0.name)" }
        lines.append("inbox \(image.memory.inboxCapacity) at \(image.memory.inboxAddress)")
        for (index, value) in image.globals.enumerated() {
            lines.append("global g\(index) = \(value)")
        }
        lines += image.table.map { "table f\($0)" }
        for segment in image.data {
            let items = items(segment.bytes).joined(separator: ",\n  ")
            lines.append(".segment \(segment.address):" + (items.isEmpty ? "" : " " + items))
        }
        lines += image.exports.map { "export \(quoted($0.name)) = f\($0.function)" }
        return lines
    }

    /// Long runs of zeros as such, all else in rows.
    private static func items(_ bytes: [UInt8]) -> [String] {
        var items: [String] = []
        var row = ""
        var position = 0
        func endRow() {
            if !row.isEmpty { items.append("hex \"\(row)\"") }
            row = ""
        }
        while position < bytes.count {
            let zeros = bytes[position...].prefix { $0 == 0 }.count
            if zeros >= rowLength {
                endRow()
                items.append("zero \(zeros)")
                position += zeros
                continue
            }
            for byte in bytes[position..<position + max(zeros, 1)] {
                row += hexadecimal(byte)
                if row.utf8.count == 2 * rowLength { endRow() }
            }
            position += max(zeros, 1)
        }
        endRow()
        return items
    }

    /// Bytes.
    private static let rowLength = 32

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
    }

    /// A string literal of the language.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                result += "\\" + String(Unicode.Scalar(byte))
            case 0x20..<0x7F: result += String(Unicode.Scalar(byte))
            default: result += "\\x" + hexadecimal(byte)
            }
        }
        return result + "\""
    }

    private static func body(
        _ function: ProgramImage.FunctionBody,
        _ index: Int,
        _ image: ProgramImage
    ) throws(InstructionError) -> [String] {
        var instructions: [(offset: Int, instruction: Instruction)] = []
        var targets: Set<UInt32> = []
        var decoder = InstructionDecoder(function.code)
        var offset = 0
        while let instruction = try decoder.next() {
            instructions.append((offset, instruction))
            targets.formUnion(instruction.branchTargets)
            offset = decoder.offset
        }
        let parameters = (0..<Int(function.parameterCount)).map { "p\($0)" }.joined(separator: ", ")
        var head = "proc f\(index)(\(parameters))"
        if function.resultCount > 0 { head += " -> \(function.resultCount)" }
        if function.localCount > 0 { head += " locals \(function.localCount)" }
        let isShortest = offsets(instructions) == instructions.map(\.offset)
        var lines = [head]
        for (offset, instruction) in instructions {
            if targets.contains(UInt32(offset)) {
                lines.append(isShortest ? "L\(offset):" : "L\(offset) at \(offset):")
            }
            lines.append("  " + text(instruction, image))
        }
        lines.append("end")
        return lines
    }

    /// Where the assembler would put the instructions if it may choose.
    private static func offsets(_ instructions: [(offset: Int, instruction: Instruction)]) -> [Int]
    {
        var numbers: [UInt32: Int] = [:]
        for (index, placed) in instructions.enumerated() { numbers[UInt32(placed.offset)] = index }
        let fixed = instructions.map { placed -> Int? in
            guard placed.instruction.branchTargets.isEmpty else { return nil }
            return InstructionEncoder.encode(placed.instruction).count
        }
        return CodeLayout.offsets(fixed) { index, offsets in
            let instruction = instructions[index].instruction
            let moved = instruction.retargeted { target in
                UInt32(offsets[numbers[target] ?? 0])
            }
            return InstructionEncoder.encode(moved).count
        }.dropLast()
    }

    private static func text(_ instruction: Instruction, _ image: ProgramImage) -> String {
        let mnemonic = instruction.info.mnemonic
        switch instruction.operand {
        case .none: return mnemonic
        case .trapCode(let code): return "\(mnemonic) \(code)"
        case .constant(let value): return "\(mnemonic) \(value)"
        case .offset(let offset): return offset == 0 ? mnemonic : "\(mnemonic) \(offset)"
        case .target(let target): return "\(mnemonic) L\(target)"
        case .targets(let targets, let otherwise):
            let list = targets.map { "L\($0)" }.joined(separator: ", ")
            return "\(mnemonic) [\(list)] L\(otherwise)"
        case .signature(let parameters, let results): return "\(mnemonic) \(parameters) \(results)"
        case .index(let index):
            switch instruction.info.operand {
            case .function: return "\(mnemonic) f\(index)"
            case .hostImport where Int(index) < image.imports.count:
                return "\(mnemonic) \(image.imports[Int(index)].name)"
            default: return "\(mnemonic) \(index)"
            }
        }
    }
}

extension Instruction {
    /// With other branch targets.
    fileprivate func retargeted(_ change: (UInt32) -> UInt32) -> Instruction {
        switch operand {
        case .target(let target): Instruction(opcode, .target(change(target)))
        case .targets(let targets, let otherwise):
            Instruction(opcode, .targets(targets.map(change), default: change(otherwise)))
        default: self
        }
    }
}
