import PeerletBytecode
import PeerletVM
import Testing

/// The tables of `Spec/isa` are what the sources say.
@Suite(.serialized) struct SpecificationTests {
    static func operand(_ format: OperandFormat) -> String {
        switch format {
        case .none: "-"
        case .trapCode: "code: byte"
        case .constant: "value: signed"
        case .local: "local: index"
        case .global: "global: index"
        case .function: "function: index"
        case .hostImport: "import: index"
        case .offset: "offset: index"
        case .target: "target: index"
        case .targets: "count, targets, default: index"
        case .signature: "parameters: byte, results: byte"
        }
    }

    static func effect(_ info: OpcodeInfo) -> String {
        switch info.opcode {
        case .ret: "results -> "
        case .call: "parameters -> results"
        case .callIndirect: "parameters, 1 -> results"
        case .host: "parameters -> 1"
        default: "\(info.pops) -> \(info.pushes)"
        }
    }

    static func price(_ info: OpcodeInfo) -> String {
        if info.opcode == .host { return "ABI" }
        return info.isBulk ? "\(info.price) + n/\(info.bytesPerFuel)" : "\(info.price)"
    }

    @Test func `the table of instructions is the opcode table, row by row`() throws {
        let expected = OpcodeTable.rows.map { row in
            let number = String(row.opcode.rawValue, radix: 16, uppercase: true)
            let byte = (number.count < 2 ? "0" : "") + number
            return "| \(byte) | `\(row.mnemonic)` | \(Self.operand(row.operand)) "
                + "| \(Self.effect(row)) | \(Self.price(row)) | \(row.meaning) |"
        }
        let file = RepositoryFile(path: "Spec/isa/instruction-set.md")
        let found = try file.section("instructions", expected: expected)
        #expect(found == expected)
        #expect(OpcodeTable.rows.map(\.opcode) == Opcode.allCases)
        #expect(Set(OpcodeTable.rows.map(\.mnemonic)).count == OpcodeTable.rows.count)
    }

    @Test func `the table of validation rules is that of the verifier`() throws {
        let expected = ValidationRule.allCases.map { "| V\($0.number) | \($0.text) |" }
        let file = RepositoryFile(path: "Spec/isa/validation.md")
        #expect(try file.section("rules", expected: expected) == expected)
    }

    @Test func `the table of limits is that of the sources`() throws {
        let limits: [(String, Int)] = [
            ("image, bytes", BytecodeLimits.image), ("functions", BytecodeLimits.functions),
            ("parameters of a function", BytecodeLimits.parameters),
            ("results of a function", BytecodeLimits.results),
            ("parameters and locals of a function", BytecodeLimits.locals),
            ("code of a function, bytes", BytecodeLimits.functionCode),
            ("code of a program, bytes", BytecodeLimits.programCode),
            ("imports", BytecodeLimits.imports), ("exports", BytecodeLimits.exports),
            ("name, bytes of UTF-8", BytecodeLimits.nameLength),
            ("globals", BytecodeLimits.globals), ("table entries", BytecodeLimits.table),
            ("pages of memory", BytecodeLimits.memoryPages),
            ("data segments", BytecodeLimits.dataSegments),
            ("bytes of all data segments", BytecodeLimits.dataBytes),
            ("operand stack of a function, cells", BytecodeLimits.stackHeight),
            ("targets of a `br_table`", BytecodeLimits.branchTargets),
            ("price of a block, fuel", Int(BytecodeLimits.blockPrice)),
            ("debug information, bytes", BytecodeLimits.debugInfo),
            ("source files in debug information", BytecodeLimits.sourceFiles),
            ("source path or function name, bytes", BytecodeLimits.sourceNameLength),
            ("line entries of a function", BytecodeLimits.lineEntries),
        ]
        let expected = limits.map { "| \($0.0) | \($0.1) |" }
        let file = RepositoryFile(path: "Spec/isa/image.md")
        #expect(try file.section("limits", expected: expected) == expected)
    }

    @Test func `the table of traps is complete`() throws {
        let kinds: [TrapKind] = [
            .explicit(code: 0), .divisionByZero, .integerOverflow, .memoryOutOfBounds,
            .stackOverflow, .callDepth, .undefinedElement, .signatureMismatch, .hostMemory,
            .hostDenied, .outOfFuel, .outOfTime, .stopped,
        ]
        let text = try RepositoryFile(path: "Spec/isa/execution.md").read()
        for kind in kinds {
            let name = kind == .explicit(code: 0) ? "trap *code*" : kind.name
            #expect(text.contains("| \(name) |"), "\(name)")
        }
    }
}
