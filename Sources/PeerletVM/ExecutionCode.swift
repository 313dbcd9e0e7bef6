internal import PeerletBytecode

/// What the interpreter switches over: `enter`, then every opcode in the order of the table.
enum ExecutionOperation: UInt8, CaseIterable {
    /// Takes the price of the block that begins here: operand instructions, immediate price.
    case enter
    case trap, nop, br, brIf, brIfZero, brTable, ret, call, callIndirect, host, drop, dup
    case swap, over, select, const, localGet, localSet, localTee, globalGet, globalSet, add
    case sub, mul, divS, divU, remS, remU, and, or, xor, shl, shrS, shrU, rotl, rotr, clz, ctz
    case popcnt, extend8, extend16, extend32, wrap32, eqz, eq, ne, ltS, ltU, gtS, gtU, leS
    case leU, geS, geU, add32, sub32, mul32, divS32, divU32, remS32, remU32, and32, or32
    case xor32, shl32, shrS32, shrU32, rotl32, rotr32, clz32, ctz32, popcnt32, eqz32, eq32
    case ne32, ltS32, ltU32, gtS32, gtU32, leS32, leU32, geS32, geU32, load8U, load8S, load16U
    case load16S, load32U, load32S, load64, store8, store16, store32, store64, memorySize
    case memoryGrow, memoryCopy, memoryFill

    private static let byOpcode: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for (index, opcode) in Opcode.allCases.enumerated() {
            table[Int(opcode.rawValue)] = UInt8(truncatingIfNeeded: index + 1)
        }
        return table
    }()

    init(_ opcode: Opcode) {
        self = Self(rawValue: Self.byOpcode[Int(opcode.rawValue)]) ?? .trap
    }

    /// The bytecode instruction; nil for `enter`, which the translator added.
    var opcode: Opcode? { self == .enter ? nil : Opcode.allCases[Int(rawValue) - 1] }

    /// An instruction that is a block of its own and takes its own price.
    var isOwnBlock: Bool {
        switch self {
        case .host, .memoryGrow, .memoryCopy, .memoryFill: true
        default: false
        }
    }
}

/// One instruction of fixed width.
struct ExecutionInstruction {
    var operation: ExecutionOperation
    /// Local, global, function, import, count, or index of another instruction.
    var operand: UInt32
    /// Constant, address offset, price or packed signature.
    var immediate: Int64

    init(_ operation: ExecutionOperation, operand: UInt32 = 0, immediate: Int64 = 0) {
        self.operation = operation
        self.operand = operand
        self.immediate = immediate
    }
}

/// A verified program in the form in which it runs; immutable, shared by all its machines.
struct ExecutionCode: Sendable {
    struct Function: Sendable {
        /// Index of the first instruction.
        var entry: Int
        var parameters: Int
        var results: Int
        /// Parameters and locals.
        var locals: Int
        /// Parameters, locals and the greatest operand stack.
        var cells: Int
    }

    struct Import: Sendable {
        var call: HostCall
        var parameters: Int
        var price: HostCallPrice
    }

    var instructions: ContiguousArray<ExecutionInstruction> = []
    /// Offset in its function's code of each instruction.
    var offsets: ContiguousArray<UInt32> = []
    /// Instruction indices that `br_table` selects from, the default last.
    var branchTables: ContiguousArray<UInt32> = []
    var functions: ContiguousArray<Function> = []
    var imports: ContiguousArray<Import> = []
    var table: ContiguousArray<UInt32> = []
}
