internal import PeerletBytecode
internal import Suggestions

// Instructions, calls and assignments, and their operands.
extension Parser {
    /// A line of stack items, or an assignment, or a call.
    mutating func items(into block: inout Block) throws(Recovery) {
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
        try count(at: token.span)
        let second = stream.peek(1)
        let isCall = second.kind == .sign(.openParen) && !second.isSpaced
        let isPinned = second.kind == .name("at") && OpcodeTable.opcode(mnemonic: word) == nil
        if second.kind == .sign(.colon) || isPinned, !word.contains(".") {
            let name = try localName("a label")
            let offset = accept(word: "at") ? try expression() : nil
            try expect(.colon)
            block.statements.append(Statement(kind: .label(name, at: offset), span: name.span))
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
                repeat {
                    targets.append(try anyName("a label"))
                    guard targets.count <= BytecodeLimits.branchTargets else {
                        throw tooMany("targets", BytecodeLimits.branchTargets, at: token.span)
                    }
                } while accept(.comma)
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
