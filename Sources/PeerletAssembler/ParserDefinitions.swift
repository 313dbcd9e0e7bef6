internal import PeerletBytecode
internal import Suggestions

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
                if isFirst { reportMissingVersion(token.span) }
                if !leaveFile(token.span) { return }
                continue
            default: break
            }
            let isVersion = token.kind == .directive(".prost")
            if isFirst, fileStack.count == 1, !isVersion { reportMissingVersion(token.span) }
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

    private mutating func reportMissingVersion(_ span: SourceSpan) {
        stream.bag.error(.badVersionLine, "the first line must be `.prost 1`", at: span)
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

    mutating func definition(_ token: Token) throws(Recovery) {
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

    mutating func definition(_ word: String, _ token: Token) throws(Recovery) {
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
                throw tooMany("imports", BytecodeLimits.imports, at: name.span)
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
                throw parser.tooMany("fields", AssemblyLimits.fields, at: field.span)
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

    mutating func global() throws(Recovery) {
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
            let name = try anyName("a procedure")
            guard definitions.program.table.count < BytecodeLimits.table else {
                throw tooMany("table entries", BytecodeLimits.table, at: name.span)
            }
            definitions.program.table.append(name)
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
}
