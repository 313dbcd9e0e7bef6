internal import PeerletBytecode

extension Parser {
    mutating func statement(_ token: Token, into block: inout Block) throws(Recovery) {
        switch token.kind {
        case .directive(let name):
            if try conditional(name, token.span) { return }
            next()
            guard name == ".error" else {
                stream.bag.error(
                    .misplaced,
                    "`\(name)` stands outside of procedures",
                    at: token.span
                )
                throw Recovery()
            }
            throw unexpected(peek(), expected: "`.error` outside of procedures")
        case .name(let word):
            if let macro = macroNext() { return try expand(macro, asOperand: false) }
            try count(at: token.span)
            if let kind = try keywordStatement(word, token) {
                try endOfStatement()
                block.statements.append(kind)
                return
            }
        default: break
        }
        try items(into: &block)
    }

    /// The end of the line, or a word that closes a block on the same line.
    mutating func endOfStatement() throws(Recovery) {
        let token = stream.peek()
        if case .name(let word) = token.kind, Self.closers.contains(word) { return }
        switch token.kind {
        case .newline: _ = stream.next()
        case .endOfFile: break
        default:
            throw unexpected(
                token,
                expected: "the end of the line",
                help: token.kind == .sign(.openParen)
                    ? ["the `(` of a call follows the name without a space"] : []
            )
        }
    }

    private mutating func keywordStatement(
        _ word: String,
        _ token: Token
    ) throws(Recovery) -> Statement? {
        switch word {
        case "let": return try declaration(token)
        case "if": return try branch(token)
        case "while":
            next()
            let condition = try expression()
            let body = try body(after: "do", of: token)
            return Statement(kind: .whileLoop(condition, body), span: token.span)
        case "loop":
            next()
            return Statement(kind: .loop(try body(after: "do", of: token)), span: token.span)
        case "for": return try forLoop(token)
        case "switch": return try choice(token)
        case "break":
            next()
            return Statement(kind: .leaveLoop, span: token.span)
        case "continue":
            next()
            return Statement(kind: .continueLoop, span: token.span)
        case "return": return try giveBack(token)
        case "end", "else", "elif", "case", "default", "then", "do":
            stream.bag.error(
                .unexpected,
                "`\(word)` does not belong to a block here",
                at: token.span
            )
            throw Recovery()
        default: return nil
        }
    }

    /// The body up to its `end`, which is taken.
    mutating func body(after word: String, of opener: Token) throws(Recovery) -> Block {
        try headEnd(word)
        let block = try block(of: opener, closing: ["end"])
        next()
        return block
    }

    private mutating func headEnd(_ word: String) throws(Recovery) {
        if accept(word: word) { return }
        let token = stream.peek()
        guard token.kind == .newline || token.kind == .endOfFile else {
            throw unexpected(token, expected: "the end of the line or `\(word)`")
        }
    }

    private mutating func declaration(_ token: Token) throws(Recovery) -> Statement {
        next()
        var names: [Name] = []
        repeat { names.append(try localName("a local")) } while accept(.comma)
        var type: TypeSyntax?
        if accept(.colon) { type = try self.type() }
        let value = accept(.assign) ? try expression() : nil
        let last = names.last?.span ?? token.span
        return Statement(
            kind: .declare(names, type, value),
            span: token.span.through(value?.span ?? last)
        )
    }

    private mutating func branch(_ token: Token) throws(Recovery) -> Statement {
        var arms: [(condition: Expression, body: Block)] = []
        var otherwise: Block?
        next()
        while true {
            let condition = try expression()
            try headEnd("then")
            arms.append((condition, try block(of: token, closing: ["elif", "else", "end"])))
            if accept(word: "elif") { continue }
            if accept(word: "else") { otherwise = try block(of: token, closing: ["end"]) }
            next()
            return Statement(kind: .branch(arms, otherwise: otherwise), span: token.span)
        }
    }

    private mutating func forLoop(_ token: Token) throws(Recovery) -> Statement {
        next()
        let name = try localName("a local")
        guard accept(word: "in") else { throw unexpected(peek(), expected: "`in`") }
        let from = try expression()
        try expect(.range)
        let to = try expression()
        let body = try body(after: "do", of: token)
        return Statement(kind: .forLoop(name, from: from, to: to, body), span: token.span)
    }

    private mutating func choice(_ token: Token) throws(Recovery) -> Statement {
        next()
        let value = try expression()
        try endOfLine(after: "the value")
        while stream.peek().kind == .newline { _ = stream.next() }
        var cases: [(values: [Expression], body: Block)] = []
        var otherwise: Block?
        let closing: Set<String> = ["case", "default", "end"]
        while true {
            let word = peek()
            switch word.kind {
            case .name("case") where otherwise == nil:
                next()
                var values: [Expression] = []
                repeat { values.append(try expression()) } while accept(.comma)
                _ = accept(word: "do")
                cases.append((values, try block(of: token, closing: closing)))
            case .name("default") where otherwise == nil:
                next()
                _ = accept(word: "do")
                otherwise = try block(of: token, closing: closing)
            case .name("end"):
                next()
                return Statement(
                    kind: .choice(value, cases, otherwise: otherwise),
                    span: token.span
                )
            default:
                throw unexpected(
                    word,
                    expected: otherwise == nil ? "`case`, `default` or `end`" : "`end`",
                    related: [(token.span, "of this `switch`")]
                )
            }
        }
    }

    mutating func giveBack(_ token: Token) throws(Recovery) -> Statement {
        next()
        let after = stream.peek()
        var isBare = after.kind == .newline || after.kind == .endOfFile
        if case .name(let word) = after.kind {
            isBare =
                Self.closers.contains(word)
                || OpcodeTable.opcode(mnemonic: word) != nil
                    && (stream.peek(1).isSpaced || stream.peek(1).kind != .sign(.openParen))
        }
        if isBare { return Statement(kind: .instruction(.ret, .none), span: token.span) }
        var values: [Expression] = []
        repeat { values.append(try expression()) } while accept(.comma)
        let last = values.last?.span ?? token.span
        return Statement(kind: .giveBack(values), span: token.span.through(last))
    }
}
