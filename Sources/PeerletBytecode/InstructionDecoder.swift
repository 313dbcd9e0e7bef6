package import Wire

/// Why an instruction could not be read.
package enum InstructionError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownOpcode(UInt8, offset: Int)
    /// Truncated, over its range, or not in its shortest form.
    case operand(WireError)

    package var description: String {
        switch self {
        case .unknownOpcode(let byte, let offset): "no instruction \(byte) at byte \(offset)"
        case .operand(let error): "\(error)"
        }
    }
}

/// Reads the instructions of one function's code, first to last.
package struct InstructionDecoder: Sendable {
    private var reader: WireReader

    package init(_ code: [UInt8], from offset: Int = 0) {
        reader = WireReader(code)
        // A start beyond the end leaves nothing to read.
        if (try? reader.slice(offset, "offset")) == nil { _ = reader.rest() }
    }

    /// Offset of the next instruction.
    package var offset: Int { reader.offset }

    /// The next instruction, nil at the end of the code.
    package mutating func next() throws(InstructionError) -> Instruction? {
        guard !reader.isAtEnd else { return nil }
        let start = reader.offset
        let byte: UInt8
        do throws(WireError) {
            byte = try reader.u8("opcode")
            if let opcode = Opcode(rawValue: byte) {
                return Instruction(opcode, try operand(OpcodeTable.operand(opcode)))
            }
        } catch {
            throw .operand(error)
        }
        throw .unknownOpcode(byte, offset: start)
    }

    private mutating func operand(
        _ format: OperandFormat
    ) throws(WireError) -> Instruction.Operand {
        switch format {
        case .none: .none
        case .trapCode: .trapCode(try reader.u8("trap code"))
        case .constant: .constant(try reader.signedVarint("constant"))
        case .local: .index(try index("local"))
        case .global: .index(try index("global"))
        case .function: .index(try index("function"))
        case .hostImport: .index(try index("import"))
        case .offset: .offset(try index("offset"))
        case .target: .target(try index("target"))
        case .targets: try targets()
        case .signature:
            .signature(
                parameters: try reader.u8("parameter count"),
                results: try reader.u8("result count")
            )
        }
    }

    private mutating func index(_ field: String) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try reader.varint(field, limit: UInt64(UInt32.max)))
    }

    private mutating func targets() throws(WireError) -> Instruction.Operand {
        let limit = UInt64(BytecodeLimits.branchTargets)
        let count = Int(try reader.varint("target count", limit: limit))
        guard count < reader.remaining else {
            throw reader.error(
                "targets",
                .truncated(needed: count + 1, available: reader.remaining)
            )
        }
        var targets: [UInt32] = []
        targets.reserveCapacity(count)
        for _ in 0..<count { targets.append(try index("target")) }
        return .targets(targets, default: try index("default target"))
    }
}
