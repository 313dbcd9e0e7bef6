internal import PeerletBytecode

extension Parser {
    /// Reads everything: the main file was entered before.
    mutating func parseProgram() {
        var isFirst = true
        while !stream.bag.isFull {
            let token = stream.peek()
            switch token.kind {
            case .newline:
                _ = stream.next()
                continue
            case .endOfFile:
                if !leaveFile(token.span) { return }
                continue
            default: break
            }
            let isVersion = token.kind == .directive(".prost")
            if isFirst, fileStack.count == 1, !isVersion {
                stream.bag.error(
                    .badVersionLine,
                    "the first line must be `.prost 1`",
                    at: token.span
                )
            }
            isFirst = false
            do throws(Recovery) {
                try definition(token)
            } catch {
                // After a missing `end` the next definition has been reached already.
                brackets = 0
                nesting = 0
                if !lostEnd { skipLine() }
                lostEnd = false
            }
        }
    }

    /// Ends the innermost file; false if it was the main file.
    private mutating func leaveFile(_ span: SourceSpan) -> Bool {
        let base = conditionalBase.last ?? 0
        while conditionals.count > base {
            let open = conditionals.removeLast()
            stream.bag.error(.conditional, "`.if` has no `.endif`", at: open.span)
        }
        conditionalBase.removeLast()
        fileStack.removeLast()
        return stream.leaveFile()
    }

    private mutating func definition(_ token: Token) throws(Recovery) {
        if let macro = macroNext() { return try expand(macro, asOperand: false) }
        switch token.kind {
        case .directive(let name):
            if try conditional(name, token.span) { return }
            try directive(name)
        case .name("include"): return try include()
        case .name(let word): try definition(word, token)
        default: throw unexpected(token, expected: "a definition")
        }
        try endOfLine(after: "the definition")
    }

    private mutating func definition(_ word: String, _ token: Token) throws(Recovery) {
        switch word {
        case "import": try imports()
        case "export": try export()
        case "const": try constant()
        case "enum": try enumeration()
        case "struct": try structure()
        case "global": try global()
        case "data": try data()
        case "bss": try reservation()
        case "inbox": try inbox()
        case "table": try table()
        case "macro": try macro()
        case "assert": try assertion()
        case "proc", "upcall": try procedure(isExported: false)
        case "end":
            stream.bag.error(.unexpected, "`end` closes nothing here", at: token.span)
            throw Recovery()
        default:
            let near = Suggestion.nearest(
                to: word,
                among: Keyword.definitions.sorted() + macros.keys.sorted()
            )
            throw unexpected(
                token,
                expected: "a definition",
                help: near.map { ["did you mean `\($0)`?"] } ?? [
                    "instructions and statements stand inside `proc` or `upcall`"
                ]
            )
        }
    }

    // MARK: Names of things

    private mutating func include() throws(Recovery) {
        let word = next()
        let token = peek()
        guard case .string(let bytes) = token.kind else {
            throw unexpected(token, expected: "a path in quotes")
        }
        next()
        try endOfLine(after: "the path")
        enter(path: String(decoding: bytes, as: UTF8.self), at: word.span.through(token.span))
    }

    private mutating func imports() throws(Recovery) {
        next()
        repeat {
            let name = try anyName("a host call")
            guard !definitions.program.imports.contains(where: { $0.text == name.text }) else {
                continue
            }
            guard definitions.program.imports.count < BytecodeLimits.imports else {
                stream.bag.error(
                    .tooLarge,
                    "more than \(BytecodeLimits.imports) imports",
                    at: name.span
                )
                throw Recovery()
            }
            definitions.program.imports.append(name)
        } while accept(.comma)
    }

    private mutating func export() throws(Recovery) {
        next()
        if isNext(word: "proc") { return try procedure(isExported: true) }
        let token = peek()
        let name: Name
        if case .string(let bytes) = token.kind {
            next()
            name = Name(text: String(decoding: bytes, as: UTF8.self), span: token.span)
        } else {
            name = try anyName("the export")
        }
        try expect(.assign)
        definitions.program.exports.append((name, try anyName("a procedure")))
    }

    private mutating func constant() throws(Recovery) {
        next()
        let name = try definedName("a constant")
        try expect(.assign)
        define(constant: name, .expression(try expression()))
    }

    mutating func define(constant name: Name, _ value: ConstantDefinition.Value) {
        let index = definitions.program.constants.count
        definitions.program.constants.append(ConstantDefinition(name: name, value: value))
        definitions.define(name, .constant(index), &stream.bag)
    }

    /// `{`, items separated by commas or line ends, `}`.
    private mutating func braces(_ item: (inout Parser) throws(Recovery) -> Void) throws(Recovery) {
        let open = try expect(.openBrace)
        while true {
            while stream.peek().kind == .newline || stream.peek().kind == .sign(.comma) {
                _ = stream.next()
            }
            let token = stream.peek()
            if token.kind == .sign(.closeBrace) {
                _ = stream.next()
                return
            }
            guard case .name = token.kind else {
                throw unexpected(token, expected: "`}`", related: [(open.span, "opened here")])
            }
            try item(&self)
            let after = stream.peek()
            switch after.kind {
            case .newline, .sign(.comma), .sign(.closeBrace): continue
            default: throw unexpected(after, expected: "`,` or `}`")
            }
        }
    }

    private mutating func enumeration() throws(Recovery) {
        next()
        let prefix = isNext(.openBrace) ? nil : try definedName("an enum")
        var base: String?
        var distance: UInt64 = 0
        try braces { (parser: inout Parser) throws(Recovery) in
            var name = try parser.definedName("a constant")
            if let prefix { name.text = prefix.text + "." + name.text }
            if parser.accept(.assign) {
                parser.define(constant: name, .expression(try parser.expression()))
                base = name.text
                distance = 0
            } else if let base {
                parser.define(constant: name, .after(base, distance))
            } else {
                parser.define(constant: name, .number(Int128(distance)))
            }
            distance += 1
        }
    }

    private mutating func structure() throws(Recovery) {
        next()
        let name = try definedName("a struct")
        var items: [StructDefinition.Item] = []
        var seen: [String: SourceSpan] = [:]
        try braces { (parser: inout Parser) throws(Recovery) in
            if parser.isNext(word: "at"), parser.peekSecond().kind != .sign(.colon) {
                parser.next()
                items.append(.offset(try parser.expression()))
                return
            }
            let field = try parser.anyName("a field")
            if field.text.contains(".") {
                throw parser.unexpected(
                    Token(kind: .name(field.text), span: field.span, isSpaced: true),
                    expected: "the name of a field without dots"
                )
            }
            try parser.expect(.colon)
            items.append(.field(field, try parser.type()))
            if items.count > AssemblyLimits.fields {
                parser.stream.bag.error(
                    .tooLarge,
                    "more than \(AssemblyLimits.fields) fields",
                    at: field.span
                )
                throw Recovery()
            }
            if field.text != "_", let first = seen.updateValue(field.span, forKey: field.text) {
                parser.stream.bag.error(
                    .duplicate,
                    "field `\(field.text)` is defined twice",
                    at: field.span,
                    related: [(first, "the first definition")]
                )
            }
        }
        let index = definitions.program.structs.count
        definitions.program.structs.append(StructDefinition(name: name, items: items))
        definitions.define(name, .structure(index), &stream.bag)
    }

    private mutating func global() throws(Recovery) {
        next()
        let name = try definedName("a global")
        let type = accept(.colon) ? try type() : nil
        let value = accept(.assign) ? try expression() : nil
        let index = definitions.program.globals.count
        definitions.program.globals.append(GlobalDefinition(name: name, type: type, value: value))
        definitions.define(name, .global(index), &stream.bag)
    }

    private mutating func table() throws(Recovery) {
        next()
        repeat {
            definitions.program.table.append(try anyName("a procedure"))
        } while accept(.comma)
    }

    private mutating func assertion() throws(Recovery) {
        next()
        let condition = try expression()
        var message = "the assertion does not hold"
        if accept(.comma) {
            let token = peek()
            guard case .string(let bytes) = token.kind else {
                throw unexpected(token, expected: "a message in quotes")
            }
            next()
            message = String(decoding: bytes, as: UTF8.self)
        }
        definitions.program.assertions.append((condition, message))
    }

    // MARK: Data

    mutating func placement() throws(Recovery) -> DataDefinition.Placement {
        if accept(word: "align") { return .align(try expression()) }
        if accept(word: "at") { return .at(try expression()) }
        return .anywhere
    }

    private mutating func inbox() throws(Recovery) {
        let word = next()
        let size = try expression()
        let placement = try placement()
        if let first = definitions.program.inbox {
            stream.bag.error(
                .duplicate,
                "the inbox is reserved twice",
                at: word.span,
                related: [(first.span, "the first reservation")]
            )
            return
        }
        definitions.program.inbox = (placement, size, word.span)
    }

    private mutating func add(_ definition: DataDefinition) {
        let index = definitions.program.data.count
        definitions.program.data.append(definition)
        definitions.define(definition.name, .data(index), &stream.bag)
    }

    private mutating func reservation() throws(Recovery) {
        next()
        let name = try definedName("a reservation")
        let placement = try placement()
        if accept(.colon) {
            let type = try type()
            if type.dimensions.isEmpty, Scalar(rawValue: type.base.text) != nil {
                stream.bag.error(
                    .wrongKind,
                    "a single number cannot be reserved",
                    at: type.span,
                    help: [
                        "write `global \(name.text)`, or `\(type.base.text)[1]` for an array of one"
                    ]
                )
                throw Recovery()
            }
            if type.isOpen {
                stream.bag.error(.untyped, "a reservation needs a count", at: type.span)
                throw Recovery()
            }
            return add(
                DataDefinition(
                    name: name,
                    placement: placement,
                    type: type,
                    content: .reserved(count: nil)
                )
            )
        }
        let open = try expect(.openBracket, "or `:` and a type")
        brackets += 1
        let count = try expression()
        try expectClose(.closeBracket, opened: open.span)
        brackets -= 1
        add(
            DataDefinition(
                name: name,
                placement: placement,
                type: nil,
                content: .reserved(count: count)
            )
        )
    }

    private mutating func data() throws(Recovery) {
        next()
        let name = try definedName("data")
        let placement = try placement()
        try expect(.colon)
        var type: TypeSyntax?
        if startsTypedData() {
            type = try self.type()
            try expect(.assign)
        }
        var items: [DataDefinition.Item] = []
        var width = Scalar.u8
        repeat {
            while stream.peek().kind == .newline, !items.isEmpty { _ = stream.next() }
            try dataItem(&width, into: &items)
        } while accept(.comma)
        add(DataDefinition(name: name, placement: placement, type: type, content: .items(items)))
    }

    /// A type and `=` follow, not items.
    private mutating func startsTypedData() -> Bool {
        guard case .name = peek().kind else { return false }
        var ahead = 1
        while ahead < 64 {
            switch stream.peek(ahead).kind {
            case .sign(.assign): return true
            case .newline, .endOfFile, .sign(.comma), .string: return false
            default: ahead += 1
            }
        }
        return false
    }

    private mutating func dataItem(
        _ width: inout Scalar,
        into items: inout [DataDefinition.Item]
    ) throws(Recovery) {
        if case .name(let word) = peek().kind, let scalar = Scalar(rawValue: word) {
            next()
            width = scalar
        }
        let token = peek()
        switch token.kind {
        case .string(let bytes):
            next()
            items.append(.string(bytes))
        case .name("zero"):
            next()
            items.append(.zero(try expression()))
        case .name("id"):
            next()
            items.append(.bytes(identifierDigest(of: try string("a name in quotes"))))
        case .name("hex"):
            next()
            let span = peek().span
            items.append(.bytes(try hexadecimal(try string("hexadecimal digits in quotes"), span)))
        default: items.append(.number(width, try expression()))
        }
    }

    private mutating func string(_ what: String) throws(Recovery) -> [UInt8] {
        let token = peek()
        guard case .string(let bytes) = token.kind else { throw unexpected(token, expected: what) }
        next()
        return bytes
    }

    private mutating func hexadecimal(
        _ text: [UInt8],
        _ span: SourceSpan
    ) throws(Recovery) -> [UInt8] {
        let digits = text.filter { $0 != 0x20 && $0 != 0x5F }.map { Lexer.digit($0) }
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 != nil }) else {
            stream.bag.error(.badNumber, "not an even number of hexadecimal digits", at: span)
            throw Recovery()
        }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map {
            UInt8(truncatingIfNeeded: values[$0] << 4 | values[$0 + 1])
        }
    }

    // MARK: Macros

    private mutating func macro() throws(Recovery) {
        let word = next()
        let name = try definedName("a macro")
        let open = try expect(.openParen)
        var parameters: [(name: String, defaultValue: [Token]?)] = []
        brackets += 1
        if !isNext(.closeParen) {
            repeat {
                let parameter = try localName("a parameter")
                var value: [Token]?
                if accept(.assign) { value = defaultTokens() }
                if value == nil, parameters.last?.defaultValue != nil {
                    stream.bag.error(
                        .macroArguments,
                        "a parameter without default follows one with a default",
                        at: parameter.span
                    )
                }
                parameters.append((parameter.text, value))
            } while accept(.comma)
        }
        try expectClose(.closeParen, opened: open.span)
        brackets -= 1
        try endOfLine(after: "the parameters")
        let body = try macroBody(word.span)
        definitions.define(name, .macro, &stream.bag)
        macros[name.text] = TokenStream.Macro(name: name, parameters: parameters, body: body)
    }

    private mutating func defaultTokens() -> [Token] {
        var tokens: [Token] = []
        var depth = 0
        while true {
            switch stream.peek().kind {
            case .newline, .endOfFile: return tokens
            case .sign(.comma) where depth == 0: return tokens
            case .sign(.closeParen) where depth == 0: return tokens
            case .sign(.openParen), .sign(.openBracket): depth += 1
            case .sign(.closeParen), .sign(.closeBracket): depth -= 1
            default: break
            }
            tokens.append(stream.next())
        }
    }

    private mutating func macroBody(_ opened: SourceSpan) throws(Recovery) -> [Token] {
        var body: [Token] = []
        var open: [SourceSpan] = []
        while true {
            let token = stream.next()
            switch token.kind {
            case .name("endmacro"):
                if let unclosed = open.last {
                    stream.bag.error(
                        .conditional,
                        "`.if` has no `.endif` in the macro",
                        at: unclosed
                    )
                }
                return body
            case .endOfFile, .name("macro"):
                stream.bag.error(
                    .missingEnd,
                    "the macro has no `endmacro`",
                    at: opened,
                    related: [(token.span, "before this")]
                )
                throw Recovery()
            case .directive(".if"): open.append(token.span)
            case .directive(".endif"):
                if open.popLast() == nil {
                    stream.bag.error(
                        .conditional,
                        "`.endif` without `.if` in the macro",
                        at: token.span
                    )
                }
            default: break
            }
            body.append(token)
        }
    }
}
