internal import PeerletBytecode

/// A name as written, with the macro expansion that it belongs to in its span.
struct Name: Sendable {
    var text: String
    var span: SourceSpan
}

enum UnaryOperator: Sendable { case negate, complement, not }

enum BinaryOperator: String, Sendable {
    case orElse = "||"
    case andAlso = "&&"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessEqual = "<="
    case greater = ">"
    case greaterEqual = ">="
    case lessU = "<u"
    case lessEqualU = "<=u"
    case greaterU = ">u"
    case greaterEqualU = ">=u"
    case or = "|"
    case xor = "^"
    case and = "&"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case shiftRightU = ">>u"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case divideU = "/u"
    case remainderU = "%u"

    /// Higher binds tighter (`Spec/assembly-language.md` §5.1).
    var precedence: Int {
        switch self {
        case .orElse: 1
        case .andAlso: 2
        case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual, .lessU, .lessEqualU,
            .greaterU, .greaterEqualU:
            3
        case .or: 4
        case .xor: 5
        case .and: 6
        case .shiftLeft, .shiftRight, .shiftRightU: 7
        case .add, .subtract: 8
        case .multiply, .divide, .remainder, .divideU, .remainderU: 9
        }
    }

    var isComparison: Bool { precedence == 3 }

    /// The instruction that computes it; none for the two that skip their right side.
    var opcode: Opcode? {
        switch self {
        case .orElse, .andAlso: nil
        case .equal: .eq
        case .notEqual: .ne
        case .less: .ltS
        case .lessEqual: .leS
        case .greater: .gtS
        case .greaterEqual: .geS
        case .lessU: .ltU
        case .lessEqualU: .leU
        case .greaterU: .gtU
        case .greaterEqualU: .geU
        case .or: .or
        case .xor: .xor
        case .and: .and
        case .shiftLeft: .shl
        case .shiftRight: .shrS
        case .shiftRightU: .shrU
        case .add: .add
        case .subtract: .sub
        case .multiply: .mul
        case .divide: .divS
        case .remainder: .remS
        case .divideU: .divU
        case .remainderU: .remU
        }
    }
}

struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case integer(UInt64)
        case string([UInt8])
        /// `id "name"`.
        case identifier([UInt8])
        case name(String)
        case call(Name, [Expression])
        case cast(TypeSyntax, Expression)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case conditional(Expression, Expression, Expression)
        case index(Expression, Expression)
        case field(Expression, Name)
        case sizeOf(SizeOperand)
        /// `span(x)`, two arguments in one.
        case spanOf(Expression)
        case tableIndex(Name)
        case defined(Name)
    }

    indirect enum SizeOperand: Sendable {
        case string([UInt8])
        case type(TypeSyntax)
    }

    var kind: Kind
    var span: SourceSpan
    /// Height of the tree, so that walking it is bounded.
    var depth: Int
}

/// A type as written: `u8[]`, `bytes[32]`, `Entry`, `Entry[4]`.
struct TypeSyntax: Sendable {
    var base: Name
    var dimensions: [Expression]
    /// With `[]` at the end.
    var isOpen: Bool
    var span: SourceSpan
}

struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case declare([Name], TypeSyntax?, Expression?)
        case assign(Expression, BinaryOperator?, Expression)
        case call(Expression)
        case push(Expression)
        case instruction(Opcode, InstructionOperand)
        /// With the offset in the code that it must have.
        case label(Name, at: Expression?)
        case giveBack([Expression])
        case branch([(condition: Expression, body: Block)], otherwise: Block?)
        case whileLoop(Expression, Block)
        case loop(Block)
        case forLoop(Name, from: Expression, to: Expression, Block)
        case choice(Expression, [(values: [Expression], body: Block)], otherwise: Block?)
        case leaveLoop
        case continueLoop
    }

    var kind: Kind
    var span: SourceSpan
}

struct Block: Sendable {
    var statements: [Statement] = []
    /// Of the word that closes it.
    var end: SourceSpan
}

enum InstructionOperand: Sendable {
    case none
    /// A number: trap code, constant, offset, or the number of a local or global.
    case expression(Expression)
    case name(Name)
    case targets([Name], Name)
    case signature(Expression, Expression)
}

struct Parameter: Sendable {
    var name: Name
    var type: TypeSyntax?
}

struct Procedure: Sendable {
    var name: Name
    var isUpcall: Bool
    var isExported: Bool
    var parameters: [Parameter]
    var results: Expression?
    /// Locals reserved for use by number.
    var locals: Expression?
    /// Something in it could not be read, so that its stack says nothing.
    var isDamaged = false
    var body: Block
}

/// The integer types of memory.
enum Scalar: String, CaseIterable, Sendable {
    case u8, u16, u32, u64, i8, i16, i32, i64

    var size: UInt64 {
        switch self {
        case .u8, .i8: 1
        case .u16, .i16: 2
        case .u32, .i32: 4
        case .u64, .i64: 8
        }
    }

    var load: Opcode {
        switch self {
        case .u8: .load8U
        case .i8: .load8S
        case .u16: .load16U
        case .i16: .load16S
        case .u32: .load32U
        case .i32: .load32S
        case .u64, .i64: .load64
        }
    }

    var store: Opcode {
        switch size {
        case 1: .store8
        case 2: .store16
        case 4: .store32
        default: .store64
        }
    }
}
