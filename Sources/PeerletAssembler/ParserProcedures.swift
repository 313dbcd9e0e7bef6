// Procedures, and the blocks that they and statements have.
extension Parser {
    /// How a block can end.
    static let closers: Set<String> = ["end", "else", "elif", "case", "default"]

    /// Words of which a list of parameters was meant to be closed before.
    private static let structure: Set<String> = [
        "end", "proc", "upcall", "export", "let", "if", "while", "for", "loop", "switch", "return",
    ]

    mutating func procedure(isExported: Bool) throws(Recovery) {
        let word = next()
        let isUpcall = word.kind == .name("upcall")
        // Upcalls have names of the ABI, of which some are words elsewhere.
        let name = isUpcall ? try anyName("an upcall") : try definedName("a procedure")
        var head = Procedure(
            name: name,
            isUpcall: isUpcall,
            isExported: isExported || isUpcall,
            parameters: [],
            body: Block(end: word.span)
        )
        let headLine = stream.bag.sources.line(of: name.span)
        let errors = stream.bag.errorCount
        do throws(Recovery) {
            try procedureHead(&head)
        } catch {
            // The body is read all the same, so that its `end` is not left over.
            brackets = 0
            if stream.bag.sources.line(of: stream.peek().span) == headLine { skipLine() }
        }
        head.body = try block(of: word, closing: ["end"])
        head.isDamaged = stream.bag.errorCount != errors
        next()
        let index = definitions.program.procedures.count
        definitions.program.procedures.append(head)
        // Upcalls have a name space of their own.
        let symbol = isUpcall ? Name(text: "upcall." + name.text, span: name.span) : name
        definitions.define(symbol, .procedure(index), &stream.bag)
    }

    private mutating func procedureHead(_ head: inout Procedure) throws(Recovery) {
        let open = try expect(.openParen)
        brackets += 1
        if !isNext(.closeParen) {
            repeat {
                if case .name(let word) = peek().kind, Self.structure.contains(word) {
                    throw unexpected(
                        peek(),
                        expected: "a parameter",
                        related: [(open.span, "of this list")]
                    )
                }
                let parameter = try localName("a parameter")
                head.parameters.append(
                    Parameter(name: parameter, type: accept(.colon) ? try type() : nil)
                )
            } while accept(.comma)
        }
        try expectClose(.closeParen, opened: open.span)
        brackets -= 1
        if accept(.arrow) { head.results = try expression() }
        if accept(word: "locals") { head.locals = try expression() }
        try endOfLine(after: "the head of the procedure")
    }

    /// Statements up to one of the words, which is not taken.
    mutating func block(of opener: Token, closing: Set<String>) throws(Recovery) -> Block {
        try descend(at: opener.span)
        defer { nesting -= 1 }
        var block = Block(end: opener.span)
        let level = nesting
        while !stream.bag.isFull {
            let token = stream.peek()
            switch token.kind {
            case .newline:
                _ = stream.next()
                continue
            case .endOfFile:
                throw missingEnd(of: opener, before: token)
            case .name(let word) where closing.contains(word):
                block.end = token.span
                return block
            case .name(let word) where startsDefinition(word):
                throw missingEnd(of: opener, before: token)
            default: break
            }
            do throws(Recovery) {
                try statement(token, into: &block)
            } catch {
                if lostEnd { throw error }
                nesting = level
                skipLine()
            }
        }
        lostEnd = true
        throw Recovery()
    }

    private mutating func startsDefinition(_ word: String) -> Bool {
        guard word == "proc" || word == "upcall" || word == "export" || word == "import" else {
            return false
        }
        if case .name = stream.peek(1).kind { return true }
        return false
    }

    /// Reported once; all open blocks are left.
    private mutating func missingEnd(of opener: Token, before token: Token) -> Recovery {
        lostEnd = true
        let shown = if case .name(let word) = opener.kind { word } else { "block" }
        stream.bag.error(
            .missingEnd,
            "`\(shown)` has no `end`",
            at: opener.span,
            related: [(token.span, "missing before this")]
        )
        return Recovery()
    }
}
