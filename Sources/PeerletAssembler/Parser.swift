internal import PeerletBytecode

/// Thrown after a diagnostic to leave a construct; never leaves the parser.
struct Recovery: Error {}

/// Reads a program: one pass, with includes, conditionals and macros resolved on the way.
struct Parser {
    var stream: TokenStream
    var definitions = Definitions()
    var macros: [String: TokenStream.Macro] = [:]
    /// Nesting of brackets, in which line ends mean nothing.
    var brackets = 0
    /// Nesting of blocks and expressions.
    var nesting = 0
    /// Set when a block has no end: everything open is left.
    var lostEnd = false
    var conditionals: [Conditional] = []
    /// Conditionals open at the start of each file.
    var conditionalBase: [Int] = []
    var fileStack: [Int32] = []
    var includedPaths: Set<String> = []
    var totalBytes = 0
    private var parts = 0
    let resolve: (_ path: String, _ includer: String) -> SourceResolution

    struct Conditional {
        let span: SourceSpan
        var wasTaken: Bool
        var sawElse: Bool
    }

    init(
        bag: DiagnosticBag,
        resolve: @escaping (_ path: String, _ includer: String) -> SourceResolution
    ) {
        stream = TokenStream(bag: bag)
        self.resolve = resolve
    }

    // MARK: Tokens

    /// The next token that counts.
    mutating func peek() -> Token {
        skipIgnored()
        return stream.peek()
    }

    private mutating func skipIgnored() {
        guard brackets > 0 else { return }
        while stream.peek().kind == .newline { _ = stream.next() }
    }

    mutating func peekSecond() -> Token {
        skipIgnored()
        return stream.peek(1)
    }

    @discardableResult
    mutating func next() -> Token {
        skipIgnored()
        return stream.next()
    }

    mutating func isNext(_ sign: Sign) -> Bool { peek().kind == .sign(sign) }

    mutating func isNext(word: String) -> Bool { peek().kind == .name(word) }

    mutating func accept(_ sign: Sign) -> Bool {
        guard isNext(sign) else { return false }
        next()
        return true
    }

    mutating func accept(word: String) -> Bool {
        guard isNext(word: word) else { return false }
        next()
        return true
    }

    /// Reports what stands there instead of what is needed.
    mutating func unexpected(
        _ token: Token,
        expected: String,
        related: [(SourceSpan, String)] = [],
        help: [String] = []
    ) -> Recovery {
        if token.kind != .invalid {
            stream.bag.error(
                .unexpected,
                "expected \(expected), found \(token.description)",
                at: token.span,
                related: related,
                help: help
            )
        }
        return Recovery()
    }

    @discardableResult
    mutating func expect(_ sign: Sign, _ purpose: String = "") throws(Recovery) -> Token {
        let token = peek()
        guard token.kind == .sign(sign) else {
            let suffix = purpose.isEmpty ? "" : " \(purpose)"
            throw unexpected(token, expected: "`\(sign.rawValue)`\(suffix)")
        }
        return next()
    }

    /// Closes a bracket; says where it was opened.
    mutating func expectClose(_ sign: Sign, opened: SourceSpan) throws(Recovery) {
        let token = peek()
        guard token.kind == .sign(sign) else {
            throw unexpected(
                token,
                expected: "`,` or `\(sign.rawValue)`",
                related: [(opened, "opened here")]
            )
        }
        next()
    }

    /// A new name: not a keyword, not a mnemonic, without dots.
    mutating func definedName(
        _ what: String,
        reserved: Set<String> = Keyword.all
    ) throws(Recovery) -> Name {
        let name = try anyName(what)
        if let problem = Self.problem(ofDefining: name.text, reserved) {
            stream.bag.error(
                .reservedName,
                "`\(name.text)` cannot be the name of \(what): \(problem)",
                at: name.span
            )
        }
        return name
    }

    /// A new name inside of a procedure or macro.
    mutating func localName(_ what: String) throws(Recovery) -> Name {
        try definedName(what, reserved: Keyword.statements)
    }

    mutating func anyName(_ what: String) throws(Recovery) -> Name {
        let token = peek()
        guard case .name(let text) = token.kind else {
            throw unexpected(token, expected: "the name of \(what)")
        }
        next()
        return Name(text: text, span: token.span)
    }

    mutating func endOfLine(after what: String) throws(Recovery) {
        let token = stream.peek()
        switch token.kind {
        case .newline: _ = stream.next()
        case .endOfFile: break
        default: throw unexpected(token, expected: "the end of the line after \(what)")
        }
    }

    /// After an error: to the next line, outside of all brackets.
    mutating func skipLine() {
        brackets = 0
        while true {
            switch stream.peek().kind {
            case .endOfFile: return
            case .newline:
                _ = stream.next()
                return
            default: _ = stream.next()
            }
        }
    }

    mutating func tooMany(_ what: String, _ limit: Int, at span: SourceSpan) -> Recovery {
        stream.bag.error(.tooLarge, "more than \(limit) \(what)", at: span)
        return Recovery()
    }

    /// One more statement, expression or data item; ends the reading when they are too many.
    mutating func count(at span: SourceSpan) throws(Recovery) {
        parts += 1
        guard parts > AssemblyLimits.parts else { return }
        stream.skipFiles()
        throw tooMany("statements, expressions and data items", AssemblyLimits.parts, at: span)
    }

    mutating func descend(at span: SourceSpan) throws(Recovery) {
        guard nesting < AssemblyLimits.nesting else {
            stream.bag.error(
                .nesting,
                "nested more than \(AssemblyLimits.nesting) deep",
                at: span
            )
            throw Recovery()
        }
        nesting += 1
    }

    // MARK: Macros

    /// The macro that a name followed at once by `(` uses.
    mutating func macroNext() -> TokenStream.Macro? {
        guard case .name(let text) = peek().kind, let macro = macros[text] else { return nil }
        let second = stream.peek(1)
        return second.kind == .sign(.openParen) && !second.isSpaced ? macro : nil
    }

    /// Reads the arguments and puts the expansion in their place.
    mutating func expand(_ macro: TokenStream.Macro, asOperand: Bool) throws(Recovery) {
        let use = next()
        let open = next()
        var span = use.span
        let given = try macroArguments(opened: open.span, end: &span)
        let required = macro.parameters.prefix { $0.defaultValue == nil }.count
        guard given.count <= macro.parameters.count, given.count >= required else {
            let count = macro.parameters.count
            stream.bag.error(
                .macroArguments,
                "macro `\(macro.name.text)` takes \(count) argument\(count == 1 ? "" : "s"), \(given.count) given",
                at: span,
                related: [(macro.name.span, "defined here")]
            )
            throw Recovery()
        }
        var arguments = given
        for parameter in macro.parameters.dropFirst(given.count) {
            arguments.append(parameter.defaultValue ?? [])
        }
        guard stream.expand(macro, arguments: arguments, use: use.span, asOperand: asOperand) else {
            throw Recovery()
        }
    }

    private mutating func macroArguments(
        opened: SourceSpan,
        end: inout SourceSpan
    ) throws(Recovery) -> [[Token]] {
        var arguments: [[Token]] = []
        var current: [Token] = []
        var depth = 0
        while true {
            let token = stream.next()
            switch token.kind {
            case .endOfFile, .directive:
                throw unexpected(token, expected: "`)`", related: [(opened, "opened here")])
            case .newline: continue
            case .sign(.openParen), .sign(.openBracket), .sign(.openBrace), .groupOpen: depth += 1
            case .sign(.closeParen) where depth == 0:
                end = end.through(token.span)
                if !current.isEmpty || !arguments.isEmpty { arguments.append(current) }
                if let empty = arguments.firstIndex(where: \.isEmpty) {
                    stream.bag.error(
                        .macroArguments,
                        "argument \(empty + 1) is empty",
                        at: token.span
                    )
                    throw Recovery()
                }
                return arguments
            case .sign(.closeParen), .sign(.closeBracket), .sign(.closeBrace), .groupClose:
                depth -= 1
            case .sign(.comma) where depth == 0:
                arguments.append(current)
                current = []
                continue
            default: break
            }
            current.append(token)
            guard current.count <= AssemblyLimits.macroTokens else {
                throw tooMany("tokens in an argument", AssemblyLimits.macroTokens, at: opened)
            }
        }
    }
}

extension Parser {
    static func problem(ofDefining name: String, _ reserved: Set<String>) -> String? {
        if reserved.contains(name) { return "it is a word of the language" }
        if OpcodeTable.opcode(mnemonic: name) != nil { return "it is an instruction" }
        if name.contains(".") { return "it has a dot" }
        return nil
    }
}
