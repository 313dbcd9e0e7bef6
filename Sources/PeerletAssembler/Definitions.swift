internal import PeerletBytecode

/// What a global name stands for: an index into the program's definitions.
enum Symbol: Sendable, Equatable {
    case constant(Int)
    case structure(Int)
    case global(Int)
    case data(Int)
    case procedure(Int)
    case macro

    var description: String {
        switch self {
        case .constant: "a constant"
        case .structure: "a struct"
        case .global: "a global"
        case .data: "data"
        case .procedure: "a procedure"
        case .macro: "a macro"
        }
    }
}

/// The program's definitions by name, with the values of constants and the layout of structs as far
/// as they were asked for.
struct Definitions: Sendable {
    var program = ProgramSyntax()
    private(set) var symbols: [String: (symbol: Symbol, span: SourceSpan)] = [:]
    /// Names that were defined before any text was read.
    var given: Set<String> = []
    /// In the order of definition, for suggestions.
    private(set) var names: [String] = []

    // What constants and layouts have come to; only their own files touch it.
    enum ConstantState { case busy, done(Int128), failed }
    var constants: [Int: ConstantState] = [:]
    enum LayoutState { case busy, done(StructLayout), failed }
    var layouts: [Int: LayoutState] = [:]
    var chain = 0
    /// Of nested evaluations: constants within constants, each a tree.
    var depth = 0

    /// Known once the memory is laid out.
    var memory: MemoryMap?

    func symbol(_ name: String) -> Symbol? { symbols[name]?.symbol }

    func span(of name: String) -> SourceSpan? { symbols[name]?.span }

    mutating func define(
        _ name: Name,
        _ symbol: Symbol,
        _ bag: inout DiagnosticBag
    ) {
        if let known = symbols[name.text] {
            let isGiven = given.contains(name.text)
            bag.error(
                .duplicate,
                "`\(name.text)` is defined twice",
                at: name.span,
                related: isGiven ? [] : [(known.span, "the first definition")],
                notes: isGiven ? ["the first definition was given with -D"] : [],
                help: isGiven ? ["`.if !defined(\(name.text))` makes it a default"] : []
            )
            return
        }
        if names.count >= AssemblyLimits.definitions {
            bag.error(
                .tooLarge,
                "more than \(AssemblyLimits.definitions) definitions",
                at: name.span
            )
            return
        }
        symbols[name.text] = (symbol, name.span)
        names.append(name.text)
    }
}
