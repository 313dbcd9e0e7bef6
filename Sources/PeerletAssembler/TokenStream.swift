/// The tokens of the main file with includes and macro expansions in their places.
struct TokenStream {
    private enum Frame {
        case file(Lexer)
        case tokens([Token], next: Int)
    }

    struct Macro {
        let name: Name
        let parameters: [(name: String, defaultValue: [Token]?)]
        let body: [Token]
    }

    private var frames: [Frame] = []
    private var lookahead: [Token] = []
    private(set) var macroTokens = 0
    var bag: DiagnosticBag

    init(bag: DiagnosticBag) { self.bag = bag }

    // MARK: Reading

    private mutating func read() -> Token {
        while let top = frames.indices.last {
            switch frames[top] {
            case .file(var lexer):
                let token = lexer.next(&bag)
                frames[top] = .file(lexer)
                return token
            case .tokens(let tokens, let next):
                guard next < tokens.count else {
                    frames.removeLast()
                    continue
                }
                frames[top] = .tokens(tokens, next: next + 1)
                return tokens[next]
            }
        }
        return Token(
            kind: .endOfFile,
            span: SourceSpan(file: 0, start: 0, end: 0),
            isSpaced: true
        )
    }

    mutating func peek(_ ahead: Int = 0) -> Token {
        while lookahead.count <= ahead { lookahead.append(read()) }
        return lookahead[ahead]
    }

    mutating func next() -> Token {
        if lookahead.isEmpty { return read() }
        return lookahead.removeFirst()
    }

    // MARK: Files

    mutating func enter(file: Int32, bytes: [UInt8]) {
        if !lookahead.isEmpty {
            frames.append(.tokens(lookahead, next: 0))
            lookahead = []
        }
        frames.append(.file(Lexer(file: file, bytes: bytes)))
    }

    /// Leaves a file whose end was read; false if it was the main file.
    mutating func leaveFile() -> Bool {
        lookahead = []
        while let top = frames.popLast() {
            if case .file = top { break }
        }
        return !frames.isEmpty
    }

    /// Reads nothing any more.
    mutating func skipFiles() {
        frames = []
        lookahead = []
    }

    // MARK: Macros

    /// Puts the expansion of a macro before what follows.
    mutating func expand(
        _ macro: Macro,
        arguments: [[Token]],
        use: SourceSpan,
        asOperand: Bool
    ) -> Bool {
        if bag.sources.depth(of: use.context) >= AssemblyLimits.macroDepth {
            bag.error(
                .macroDepth,
                "macros are nested more than \(AssemblyLimits.macroDepth) deep",
                at: use,
                notes: ["the macro is `\(macro.name.text)`"]
            )
            return false
        }
        let context = bag.sources.addExpansion(of: macro.name.text, at: use)
        var expanded: [Token] = []
        if asOperand { expanded.append(mark(.groupOpen, use)) }
        for token in macro.body {
            substitute(token, macro, arguments, context, into: &expanded)
            if macroTokens + expanded.count > AssemblyLimits.macroTokens {
                bag.error(
                    .macroSize,
                    "macros make more than \(AssemblyLimits.macroTokens) tokens",
                    at: use
                )
                return false
            }
        }
        macroTokens += expanded.count
        expanded.append(mark(asOperand ? .groupClose : .newline, use))
        expanded.append(contentsOf: lookahead)
        lookahead = []
        frames.append(.tokens(expanded, next: 0))
        return true
    }

    private func mark(_ kind: Token.Kind, _ span: SourceSpan) -> Token {
        Token(kind: kind, span: span, isSpaced: true)
    }

    private func substitute(
        _ token: Token,
        _ macro: Macro,
        _ arguments: [[Token]],
        _ context: Int32,
        into result: inout [Token]
    ) {
        var own = token
        own.span.context = context
        guard case .name(let text) = token.kind else {
            result.append(own)
            return
        }
        let first = text.prefix { $0 != "." }
        guard let index = macro.parameters.firstIndex(where: { $0.name == first }) else {
            result.append(own)
            return
        }
        let argument = arguments[index]
        let rest = text.dropFirst(first.count)
        if argument.count == 1, case .name(let name) = argument[0].kind {
            var joined = argument[0]
            joined.kind = .name(name + rest)
            joined.isSpaced = token.isSpaced
            result.append(joined)
            return
        }
        if argument.count == 1, rest.isEmpty {
            var single = argument[0]
            single.isSpaced = token.isSpaced
            result.append(single)
            return
        }
        result.append(mark(.groupOpen, own.span))
        result.append(contentsOf: argument)
        result.append(mark(.groupClose, own.span))
        if !rest.isEmpty {
            result.append(Token(kind: .sign(.dot), span: own.span, isSpaced: false))
            result.append(
                Token(kind: .name(String(rest.dropFirst())), span: own.span, isSpaced: false)
            )
        }
    }
}
