/// One decoded instruction, for tools and the verifier.
package struct Instruction: Hashable, Sendable {
    package enum Operand: Hashable, Sendable {
        case none
        case trapCode(UInt8)
        case constant(Int64)
        /// A local, global, function or import, by the opcode's operand format.
        case index(UInt32)
        /// Added to an address.
        case offset(UInt32)
        /// Offset of an instruction in the function's code.
        case target(UInt32)
        case targets([UInt32], default: UInt32)
        case signature(parameters: UInt8, results: UInt8)
    }

    package var opcode: Opcode
    package var operand: Operand

    package init(_ opcode: Opcode, _ operand: Operand = .none) {
        self.opcode = opcode
        self.operand = operand
    }

    package var info: OpcodeInfo { OpcodeTable.info(opcode) }

    /// Every place in the function that this instruction may branch to.
    package var branchTargets: [UInt32] {
        switch operand {
        case .target(let target): [target]
        case .targets(let targets, let otherwise): targets + [otherwise]
        default: []
        }
    }
}
