/// Signs of the language; the raw value is their text.
enum Sign: String, CaseIterable, Sendable {
    case openParen = "("
    case closeParen = ")"
    case openBracket = "["
    case closeBracket = "]"
    case openBrace = "{"
    case closeBrace = "}"
    case comma = ","
    case colon = ":"
    case question = "?"
    case dot = "."
    case range = ".."
    case arrow = "->"
    case at = "@"
    case assign = "="
    case addAssign = "+="
    case subAssign = "-="
    case mulAssign = "*="
    case divAssign = "/="
    case remAssign = "%="
    case divUAssign = "/u="
    case remUAssign = "%u="
    case andAssign = "&="
    case orAssign = "|="
    case xorAssign = "^="
    case shlAssign = "<<="
    case shrAssign = ">>="
    case shrUAssign = ">>u="
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
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case remainder = "%"
    case divideU = "/u"
    case remainderU = "%u"
    case not = "!"
    case complement = "~"

    /// Longest first, so that the first that fits is the right one.
    static let byLength: [(sign: Sign, text: [UInt8])] =
        allCases.map { ($0, Array($0.rawValue.utf8)) }
        .sorted { $0.1.count > $1.1.count }
}

struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        case name(String)
        case integer(UInt64)
        case string([UInt8])
        case sign(Sign)
        /// With the dot.
        case directive(String)
        case newline
        case endOfFile
        /// Invisible brackets around a macro's argument or its expansion as an operand.
        case groupOpen
        case groupClose
        /// Text that is no token; reported by the lexer already.
        case invalid
    }

    var kind: Kind
    var span: SourceSpan
    /// Whether white space or a line's start is before it.
    var isSpaced: Bool

    /// How messages call it.
    var description: String {
        switch kind {
        case .name(let name): "`\(name)`"
        case .integer(let value): "number `\(value)`"
        case .string: "a string"
        case .sign(let sign): "`\(sign.rawValue)`"
        case .directive(let name): "`\(name)`"
        case .newline: "the end of the line"
        case .endOfFile: "the end of the file"
        case .groupOpen, .groupClose: "the end of a macro argument"
        case .invalid: "malformed text"
        }
    }
}

/// Words that cannot be defined.
enum Keyword {
    /// Words with a meaning inside of procedures: no local can be named so.
    static let statements: Set<String> = [
        "proc", "upcall", "export", "import", "macro", "endmacro", "let", "if", "then", "elif",
        "else",
        "end", "while", "do", "loop", "for", "in", "switch", "case", "default", "break", "continue",
        "sizeof", "span", "defined", "u", "bytes", "u8", "u16", "u32", "u64", "i8", "i16", "i32",
        "i64", "heap_start", "inbox", "inbox_size", "_",
    ]

    static let all: Set<String> = [
        "include", "import", "export", "const", "enum", "struct", "global", "data", "bss", "inbox",
        "table", "macro", "endmacro", "proc", "upcall", "assert", "let", "if", "then", "elif",
        "else",
        "end", "while", "do", "loop", "for", "in", "switch", "case", "default", "break", "continue",
        "locals", "sizeof", "span", "id", "defined", "zero", "hex", "align", "at", "u", "bytes",
        "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "heap_start", "inbox_size", "_",
    ]

    /// Words that begin a definition: where an unclosed block is noticed.
    static let definitions: Set<String> = [
        "include", "import", "export", "const", "enum", "struct", "global", "data", "bss", "inbox",
        "table", "macro", "proc", "upcall",
    ]
}
