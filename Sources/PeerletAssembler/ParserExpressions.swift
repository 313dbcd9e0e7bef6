internal import PeerletBytecode

extension Parser {
    /// A whole expression.
    mutating func expression() throws(Recovery) -> Expression {
        try descend(at: peek().span)
        defer { nesting -= 1 }
        let condition = try binary(1)
        guard isNext(.question) else { return condition }
        next()
        let whole = try expression()
        guard accept(.colon) else {
            throw unexpected(peek(), expected: "`:` of `?`")
        }
        let otherwise = try expression()
        return try node(
            .conditional(condition, whole, otherwise),
            condition.span.through(otherwise.span),
            [condition, whole, otherwise]
        )
    }

    func depth(of children: [Expression]) -> Int { (children.map(\.depth).max() ?? 0) + 1 }

    mutating func node(
        _ kind: Expression.Kind,
        _ span: SourceSpan,
        _ children: [Expression] = []
    ) throws(Recovery) -> Expression {
        let depth = depth(of: children)
        guard depth <= AssemblyLimits.expressionDepth else {
            stream.bag.error(.nesting, "the expression has too many parts", at: span)
            throw Recovery()
        }
        try count(at: span)
        return Expression(kind: kind, span: span, depth: depth)
    }

    private mutating func binaryOperator() -> BinaryOperator? {
        guard case .sign(let sign) = peek().kind else { return nil }
        return BinaryOperator(rawValue: sign.rawValue)
    }

    private mutating func binary(_ lowest: Int) throws(Recovery) -> Expression {
        var left = try prefix()
        while let found = binaryOperator(), found.precedence >= lowest {
            let sign = next()
            let right = try binary(found.precedence + 1)
            left = try node(
                .binary(found, left, right),
                left.span.through(right.span),
                [left, right]
            )
            if found.isComparison, let again = binaryOperator(), again.isComparison {
                stream.bag.error(
                    .unexpected,
                    "comparisons do not chain",
                    at: peek().span,
                    related: [(sign.span, "the first comparison")],
                    help: ["join two comparisons with `&&`"]
                )
                throw Recovery()
            }
        }
        return left
    }

    private mutating func prefix() throws(Recovery) -> Expression {
        let token = peek()
        let found: UnaryOperator
        switch token.kind {
        case .sign(.minus): found = .negate
        case .sign(.complement): found = .complement
        case .sign(.not): found = .not
        default: return try postfix()
        }
        next()
        try descend(at: token.span)
        defer { nesting -= 1 }
        let operand = try prefix()
        return try node(.unary(found, operand), token.span.through(operand.span), [operand])
    }

    /// A primary with its fields and elements: also the left side of an assignment.
    mutating func postfix() throws(Recovery) -> Expression {
        var result = try primary()
        while true {
            let token = peek()
            guard !token.isSpaced else { return result }
            if token.kind == .sign(.dot) {
                next()
                let name = try anyName("a field")
                result = try node(.field(result, name), result.span.through(name.span), [result])
            } else if token.kind == .sign(.openBracket) {
                next()
                brackets += 1
                let index = try expression()
                try expectClose(.closeBracket, opened: token.span)
                brackets -= 1
                let span = result.span.through(index.span)
                result = try node(.index(result, index), span, [result, index])
            } else {
                return result
            }
        }
    }

    private mutating func primary() throws(Recovery) -> Expression {
        if let macro = macroNext() {
            try expand(macro, asOperand: true)
            return try primary()
        }
        let token = peek()
        switch token.kind {
        case .integer(let value):
            next()
            return try node(.integer(value), token.span)
        case .string(let bytes):
            next()
            return try node(.string(bytes), token.span)
        case .sign(.at):
            next()
            let name = try anyName("a procedure")
            return try node(.tableIndex(name), token.span.through(name.span))
        case .sign(.openParen):
            next()
            return try group(closing: .sign(.closeParen), opened: token)
        case .groupOpen:
            next()
            return try group(closing: .groupClose, opened: token)
        case .name(let text): return try named(text, token)
        default: throw unexpected(token, expected: "an expression")
        }
    }

    private mutating func group(closing: Token.Kind, opened: Token) throws(Recovery) -> Expression {
        brackets += 1
        var inner = try expression()
        let token = peek()
        guard token.kind == closing else {
            throw unexpected(
                token,
                expected: closing == .groupClose ? "the end of a macro argument" : "`)`",
                related: closing == .groupClose ? [] : [(opened.span, "opened here")]
            )
        }
        next()
        brackets -= 1
        if closing == .sign(.closeParen) { inner.span = opened.span.through(token.span) }
        return inner
    }

    private mutating func named(_ text: String, _ token: Token) throws(Recovery) -> Expression {
        switch text {
        case "sizeof", "span", "defined": return try intrinsic(text)
        case "id":
            guard case .string(let bytes) = stream.peek(1).kind else { break }
            next()
            let name = next()
            return try node(.identifier(bytes), token.span.through(name.span))
        default: break
        }
        let second = stream.peek(1)
        let isBase = Scalar(rawValue: text) != nil || text == "bytes"
        if isBase || (second.kind == .sign(.openBracket) && isOpenCast()) {
            return try cast()
        }
        if Keyword.statements.contains(text), text != "heap_start", text != "inbox_size",
            text != "inbox"
        {
            throw unexpected(token, expected: "an expression")
        }
        next()
        let name = Name(text: text, span: token.span)
        guard second.kind == .sign(.openParen), !second.isSpaced else {
            return try node(.name(text), token.span)
        }
        let (arguments, end) = try self.arguments()
        return try node(.call(name, arguments), token.span.through(end), arguments)
    }

    /// `Name[](`: a cast to an array of structs.
    private mutating func isOpenCast() -> Bool {
        stream.peek(2).kind == .sign(.closeBracket) && stream.peek(3).kind == .sign(.openParen)
    }

    private mutating func cast() throws(Recovery) -> Expression {
        let type = try type()
        let open = peek()
        guard open.kind == .sign(.openParen), !open.isSpaced else {
            throw unexpected(open, expected: "`(` of a cast")
        }
        next()
        brackets += 1
        let value = try expression()
        let end = peek().span
        try expectClose(.closeParen, opened: open.span)
        brackets -= 1
        return try node(.cast(type, value), type.span.through(end), [value])
    }

    /// `(a, b)`, and where it ends.
    mutating func arguments() throws(Recovery) -> ([Expression], SourceSpan) {
        let open = next()
        brackets += 1
        var arguments: [Expression] = []
        if !isNext(.closeParen) {
            repeat { arguments.append(try expression()) } while accept(.comma)
        }
        let end = peek().span
        try expectClose(.closeParen, opened: open.span)
        brackets -= 1
        return (arguments, end)
    }

    private mutating func intrinsic(_ text: String) throws(Recovery) -> Expression {
        let word = next()
        let open = peek()
        guard open.kind == .sign(.openParen), !open.isSpaced else {
            throw unexpected(open, expected: "`(` after `\(text)`")
        }
        next()
        brackets += 1
        let kind: Expression.Kind
        var children: [Expression] = []
        if text == "defined" {
            kind = .defined(try anyName("a constant"))
        } else if text == "span" {
            let operand = try expression()
            children = [operand]
            kind = .spanOf(operand)
        } else if case .string(let bytes) = peek().kind {
            next()
            kind = .sizeOf(.string(bytes))
        } else {
            kind = .sizeOf(.type(try type()))
        }
        let end = peek().span
        try expectClose(.closeParen, opened: open.span)
        brackets -= 1
        return try node(kind, word.span.through(end), children)
    }

    mutating func type() throws(Recovery) -> TypeSyntax {
        let isGrouped = peek().kind == .groupOpen
        if isGrouped { next() }
        let base = try anyName("a type")
        var type = TypeSyntax(base: base, dimensions: [], isOpen: false, span: base.span)
        while isNext(.openBracket), !peek().isSpaced {
            let open = next()
            if isNext(.closeBracket) {
                type.span = type.span.through(next().span)
                type.isOpen = true
                break
            }
            brackets += 1
            type.dimensions.append(try expression())
            type.span = type.span.through(peek().span)
            try expectClose(.closeBracket, opened: open.span)
            brackets -= 1
            guard type.dimensions.count <= 4 else {
                stream.bag.error(.nesting, "more than four array dimensions", at: type.span)
                throw Recovery()
            }
        }
        if isGrouped {
            guard peek().kind == .groupClose else {
                throw unexpected(peek(), expected: "the end of a macro argument")
            }
            next()
        }
        return type
    }
}
