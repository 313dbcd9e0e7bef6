internal import PeerletBytecode

// Definitions of macros: their bodies are kept as tokens.
extension Parser {
    mutating func macro() throws(Recovery) {
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
            guard body.count <= AssemblyLimits.macroTokens else {
                throw tooMany("tokens in a macro", AssemblyLimits.macroTokens, at: opened)
            }
        }
    }
}
