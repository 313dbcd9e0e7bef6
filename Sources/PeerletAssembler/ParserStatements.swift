internal import PeerletBytecode

extension Parser {
    /// How a block can end.
    private static let closers: Set<String> = ["end", "else", "elif", "case", "default"]

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
    private mutating func block(of opener: Token, closing: Set<String>) throws(Recovery) -> Block {
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

    // MARK: Statements

    private mutating func statement(_ token: Token, into block: inout Block) throws(Recovery) {
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
    private mutating func endOfStatement() throws(Recovery) {
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
    private mutating func body(after word: String, of opener: Token) throws(Recovery) -> Block {
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

    private mutating func giveBack(_ token: Token) throws(Recovery) -> Statement {
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

    // MARK: Stack items

    /// A line of stack items, or an assignment, or a call.
    private mutating func items(into block: inout Block) throws(Recovery) {
        while true {
            let token = stream.peek()
            switch token.kind {
            case .newline:
                _ = stream.next()
                return
            case .endOfFile: return
            case .sign(.openParen):
                let value = try expressionInParentheses()
                block.statements.append(Statement(kind: .push(value), span: value.span))
            case .name(let word):
                if Self.closers.contains(word) { return }
                if word == "return" {
                    block.statements.append(try giveBack(token))
                    continue
                }
                if try item(word, token, into: &block) { return try endOfStatement() }
            case .groupOpen:
                block.statements.append(try assignmentOrCall(isGroup: true))
            default: throw unexpected(token, expected: "a statement")
            }
        }
    }

    private mutating func expressionInParentheses() throws(Recovery) -> Expression {
        let value = try postfix()
        if case .sign(let sign) = stream.peek().kind, BinaryOperator(rawValue: sign.rawValue) != nil
        {
            throw unexpected(
                stream.peek(),
                expected: "the end of the pushed expression",
                help: ["put the whole expression in parentheses"]
            )
        }
        return value
    }

    /// One item; true if it was a statement that ends its line.
    private mutating func item(
        _ word: String,
        _ token: Token,
        into block: inout Block
    ) throws(Recovery) -> Bool {
        let second = stream.peek(1)
        let isCall = second.kind == .sign(.openParen) && !second.isSpaced
        if second.kind == .sign(.colon), !word.contains(".") {
            let name = try localName("a label")
            next()
            block.statements.append(Statement(kind: .label(name), span: name.span))
            return false
        }
        if let opcode = OpcodeTable.opcode(mnemonic: word), !isCall {
            next()
            let operand = try self.operand(of: opcode, token)
            block.statements.append(
                Statement(kind: .instruction(opcode, operand), span: token.span)
            )
            return false
        }
        if isStartOfLoneWord(second) {
            next()
            let mnemonics = OpcodeTable.rows.map(\.mnemonic)
            let near = Suggestion.nearest(to: word, among: mnemonics + Keyword.all.sorted())
            stream.bag.error(
                .unknownInstruction,
                "there is no instruction `\(word)`",
                at: token.span,
                help: near.map { ["did you mean `\($0)`?"] } ?? ["`(\(word))` pushes a value"]
            )
            throw Recovery()
        }
        block.statements.append(try assignmentOrCall(isGroup: false))
        return true
    }

    /// No sign follows that could make an assignment or a call of the word.
    private func isStartOfLoneWord(_ second: Token) -> Bool {
        switch second.kind {
        case .sign(.openParen): second.isSpaced
        case .sign, .groupClose: false
        default: true
        }
    }

    private mutating func assignmentOrCall(isGroup: Bool) throws(Recovery) -> Statement {
        let target = try postfix()
        let token = stream.peek()
        if case .sign(let sign) = token.kind, let found = Self.assignments[sign] {
            next()
            let value = try expression()
            return Statement(
                kind: .assign(target, found.computation, value),
                span: target.span.through(value.span)
            )
        }
        if case .call = target.kind { return Statement(kind: .call(target), span: target.span) }
        if isGroup { return Statement(kind: .push(target), span: target.span) }
        throw unexpected(
            token,
            expected: "`=` or a call",
            help: ["put an expression in parentheses to push its value"]
        )
    }

    private enum Assignment {
        case plain
        case computing(BinaryOperator)

        var computation: BinaryOperator? {
            if case .computing(let found) = self { found } else { nil }
        }
    }

    private static let assignments: [Sign: Assignment] = [
        .assign: .plain, .addAssign: .computing(.add), .subAssign: .computing(.subtract),
        .mulAssign: .computing(.multiply), .divAssign: .computing(.divide),
        .remAssign: .computing(.remainder), .divUAssign: .computing(.divideU),
        .remUAssign: .computing(.remainderU), .andAssign: .computing(.and),
        .orAssign: .computing(.or), .xorAssign: .computing(.xor),
        .shlAssign: .computing(.shiftLeft), .shrAssign: .computing(.shiftRight),
        .shrUAssign: .computing(.shiftRightU),
    ]

    // MARK: Operands

    private mutating func operand(
        of opcode: Opcode,
        _ token: Token
    ) throws(Recovery) -> InstructionOperand {
        switch OpcodeTable.info(opcode).operand {
        case .none: return .none
        case .trapCode, .constant: return .expression(try expression())
        case .local, .global:
            if case .integer = peek().kind { return .expression(try expression()) }
            return .name(
                try anyName(opcode == .globalGet || opcode == .globalSet ? "a global" : "a local")
            )
        case .function: return .name(try anyName("a procedure"))
        case .hostImport: return .name(try anyName("a host call"))
        case .target: return .name(try anyName("a label"))
        case .offset: return try offsetOperand()
        case .targets:
            let open = try expect(.openBracket, "and the targets")
            var targets: [Name] = []
            brackets += 1
            if !isNext(.closeBracket) {
                repeat { targets.append(try anyName("a label")) } while accept(.comma)
            }
            try expectClose(.closeBracket, opened: open.span)
            brackets -= 1
            return .targets(targets, try anyName("the label for all other values"))
        case .signature:
            let parameters = try node(try integer("the number of parameters"), token.span)
            return .signature(
                parameters,
                try node(try integer("the number of results"), token.span)
            )
        }
    }

    private mutating func integer(_ what: String) throws(Recovery) -> Expression.Kind {
        let token = peek()
        guard case .integer(let value) = token.kind else { throw unexpected(token, expected: what) }
        next()
        return .integer(value)
    }

    private mutating func offsetOperand() throws(Recovery) -> InstructionOperand {
        switch stream.peek().kind {
        case .integer, .groupOpen: return .expression(try expression())
        case .name(let word):
            if word == "sizeof" { return .expression(try expression()) }
            let isTaken =
                Keyword.all.contains(word) || OpcodeTable.opcode(mnemonic: word) != nil
            return isTaken ? .none : .expression(try expression())
        default: return .none
        }
    }
}
