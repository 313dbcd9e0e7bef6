/// The numbered rules of `Spec/isa/validation.md`; a program that keeps them all may run.
package enum ValidationRule: Int, CaseIterable, Sendable {
    case functionCount = 1
    case importCount, importKnown, importArity, importUnique
    case exportCount, exportName, exportUnique, exportTarget, exportUpcall
    case globalCount, tableSize, tableEntry
    case memoryBounds, memoryInbox, dataSize, dataBounds
    case functionSignature, functionLocals, codeSize, programSize
    case opcodeKnown, operandForm
    case localIndex, globalIndex, functionIndex, importIndex, indirectSignature
    case stackUnderflow, stackLimit
    case branchTarget, branchHeight, returnHeight, pathEnd, deadCode, blockPrice

    package var number: Int { rawValue }

    /// The rule in one line, as the specification has it.
    package var text: String {
        switch self {
        case .functionCount: "the number of functions is within its limit"
        case .importCount: "the number of imports is within its limit"
        case .importKnown: "every import names a host function of the ABI"
        case .importArity: "every import has the parameter count of the ABI"
        case .importUnique: "no host function is imported twice"
        case .exportCount: "the number of exports is within its limit"
        case .exportName: "every export name has 1 to 64 bytes"
        case .exportUnique: "no name is exported twice"
        case .exportTarget: "every export names a function of the program"
        case .exportUpcall: "an export named like an upcall has its parameters and one result"
        case .globalCount: "the number of globals is within its limit"
        case .tableSize: "the number of table entries is within its limit"
        case .tableEntry: "every table entry names a function of the program"
        case .memoryBounds: "initial pages <= maximum pages <= limit"
        case .memoryInbox: "the inbox lies in the initial memory"
        case .dataSize: "number and bytes of the data segments are within their limits"
        case .dataBounds: "every data segment lies in the initial memory"
        case .functionSignature: "parameter and result counts are within their limits"
        case .functionLocals: "parameters and locals together are within their limit"
        case .codeSize: "a function's code is not empty and within its limit"
        case .programSize: "the code of all functions is within its limit"
        case .opcodeKnown: "every instruction begins with a known opcode"
        case .operandForm: "every operand is complete, in range and in its shortest form"
        case .localIndex: "a local index is below parameters + locals"
        case .globalIndex: "a global index is below the number of globals"
        case .functionIndex: "a function index is below the number of functions"
        case .importIndex: "an import index is below the number of imports"
        case .indirectSignature: "the counts of call_indirect are within their limits"
        case .stackUnderflow: "no instruction takes more cells than the stack has"
        case .stackLimit: "the operand stack never exceeds its limit"
        case .branchTarget: "a branch target is the start of an instruction of the function"
        case .branchHeight: "the stack is equally high on all paths to an instruction"
        case .returnHeight: "at return the stack holds exactly the results"
        case .pathEnd: "execution cannot run past the end of the code"
        case .deadCode: "what follows trap, br, br_table or return is a branch target"
        case .blockPrice: "no block costs more than the limit"
        }
    }
}

/// Which rule a program breaks, and where.
package struct VerificationError: Error, Equatable, Sendable, CustomStringConvertible {
    package let rule: ValidationRule
    /// Index of the function, nil for rules about the whole image.
    package let function: UInt32?
    /// Offset in the function's code, nil for rules about the whole function.
    package let offset: UInt32?
    /// What was found instead.
    package let detail: String

    package init(
        _ rule: ValidationRule,
        function: UInt32? = nil,
        offset: UInt32? = nil,
        _ detail: String
    ) {
        self.rule = rule
        self.function = function
        self.offset = offset
        self.detail = detail
    }

    package var description: String {
        var place = ""
        if let function { place += " in function \(function)" }
        if let offset { place += " at byte \(offset)" }
        return "V\(rule.number)\(place): \(rule.text); \(detail)"
    }
}
