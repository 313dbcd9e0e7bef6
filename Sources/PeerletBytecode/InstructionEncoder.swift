internal import Wire

/// Appends instructions to the code of one function.
package struct InstructionEncoder: Sendable {
    private var writer = WireWriter()

    package init() {}

    package var code: [UInt8] { writer.bytes }

    package mutating func append(_ instruction: Instruction) {
        writer.u8(instruction.opcode.rawValue)
        switch instruction.operand {
        case .none: break
        case .trapCode(let code): writer.u8(code)
        case .constant(let value): writer.signedVarint(value)
        case .index(let value), .offset(let value), .target(let value):
            writer.varint(UInt64(value))
        case .targets(let targets, let otherwise):
            writer.varint(UInt64(targets.count))
            for target in targets { writer.varint(UInt64(target)) }
            writer.varint(UInt64(otherwise))
        case .signature(let parameters, let results):
            writer.u8(parameters)
            writer.u8(results)
        }
    }

    package static func encode(_ instruction: Instruction) -> [UInt8] {
        var encoder = InstructionEncoder()
        encoder.append(instruction)
        return encoder.code
    }
}
