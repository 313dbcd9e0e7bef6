internal import Cryptography
internal import Suggestions

extension Parser {
    /// `.if` and its kin; false for other directives.
    mutating func conditional(_ name: String, _ span: SourceSpan) throws(Recovery) -> Bool {
        switch name {
        case ".if":
            next()
            let condition = try expression()
            try endOfLine(after: "the condition")
            let value = definitions.evaluate(condition, &stream.bag)
            conditionals.append(Conditional(span: span, wasTaken: value != 0, sawElse: false))
            if value == 0 { skipBranch() }
        case ".elif", ".else":
            next()
            guard conditionals.count > (conditionalBase.last ?? 0) else {
                stream.bag.error(.conditional, "`\(name)` without `.if`", at: span)
                throw Recovery()
            }
            if conditionals[conditionals.count - 1].sawElse {
                stream.bag.error(.conditional, "`\(name)` after `.else`", at: span)
            }
            if name == ".else" { conditionals[conditionals.count - 1].sawElse = true }
            // The branch before it was taken.
            skipBranch()
        case ".endif":
            next()
            guard conditionals.count > (conditionalBase.last ?? 0) else {
                stream.bag.error(.conditional, "`.endif` without `.if`", at: span)
                throw Recovery()
            }
            conditionals.removeLast()
            try endOfLine(after: "`.endif`")
        default: return false
        }
        return true
    }

    /// Skips text up to the branch that is taken, or past `.endif`.
    private mutating func skipBranch() {
        var depth = 0
        while let current = conditionals.indices.last {
            let token = stream.peek()
            switch token.kind {
            case .endOfFile: return
            case .directive(".if"): depth += 1
            case .directive(".endif"):
                if depth == 0 {
                    _ = stream.next()
                    conditionals.removeLast()
                    return
                }
                depth -= 1
            case .directive(".else") where depth == 0:
                if conditionals[current].sawElse {
                    stream.bag.error(.conditional, "`.else` after `.else`", at: token.span)
                }
                conditionals[current].sawElse = true
                if !conditionals[current].wasTaken {
                    conditionals[current].wasTaken = true
                    _ = stream.next()
                    return
                }
            case .directive(".elif") where depth == 0 && !conditionals[current].wasTaken:
                _ = stream.next()
                if takesBranch() {
                    conditionals[current].wasTaken = true
                    return
                }
                continue
            default: break
            }
            _ = stream.next()
        }
    }

    private mutating func takesBranch() -> Bool {
        do throws(Recovery) {
            let condition = try expression()
            try endOfLine(after: "the condition")
            return definitions.evaluate(condition, &stream.bag) != 0
        } catch {
            skipLine()
            return true
        }
    }

    // MARK: Manifest

    static let limitNames = [
        "fuel_per_upcall", "fuel_per_second", "memory_pages", "store_bytes", "messages_per_second",
        "mailbox",
    ]

    private static let directiveNames = [
        ".prost", ".name", ".version", ".type", ".instance", ".store", ".limit", ".replicas",
        ".not_before", ".expires", ".pages", ".segment", ".if", ".elif", ".else", ".endif",
        ".error",
    ]

    mutating func directive(_ name: String) throws(Recovery) {
        let token = next()
        if name == ".error" { return try userError(token.span) }
        guard Self.directiveNames.contains(name) else {
            let near = Suggestion.nearest(to: name, among: Self.directiveNames)
            stream.bag.error(
                .unknownDirective,
                "there is no directive `\(name)`",
                at: token.span,
                help: near.map { ["did you mean `\($0)`?"] } ?? []
            )
            throw Recovery()
        }
        if name == ".prost" { return try versionLine(token.span) }
        guard fileStack.count == 1 else {
            stream.bag.error(.misplaced, "`\(name)` belongs into the main file", at: token.span)
            throw Recovery()
        }
        if name == ".segment" { return try segment(token.span) }
        var key: Name?
        if name == ".limit" { key = try limitName() }
        let repeated = definitions.program.directives.first {
            $0.name == name && $0.key?.text == key?.text
        }
        if let repeated {
            stream.bag.error(
                .duplicate,
                "`\(name)` is given twice",
                at: token.span,
                related: [(repeated.span, "the first")]
            )
        }
        let value = try directiveValue(of: name)
        definitions.program.directives.append((name, key, value, token.span))
    }

    private mutating func limitName() throws(Recovery) -> Name {
        let name = try anyName("a limit")
        guard Self.limitNames.contains(name.text) else {
            let near = Suggestion.nearest(to: name.text, among: Self.limitNames)
            stream.bag.error(
                .badDirectiveValue,
                "there is no limit `\(name.text)`",
                at: name.span,
                notes: ["limits are \(Self.limitNames.joined(separator: ", "))"],
                help: near.map { ["did you mean `\($0)`?"] } ?? []
            )
            throw Recovery()
        }
        return name
    }

    private mutating func directiveValue(
        of name: String
    ) throws(Recovery) -> ProgramSyntax.DirectiveValue {
        let token = peek()
        switch name {
        case ".type", ".instance", ".store":
            guard case .name(var word) = token.kind else {
                throw unexpected(token, expected: "a word")
            }
            next()
            if accept(.minus) { word += "-" + (try anyName("the type").text) }
            return .word(word)
        default: break
        }
        if case .string(let bytes) = token.kind {
            next()
            return .string(bytes)
        }
        let value = try expression()
        switch name {
        case ".pages" where accept(.comma): return .pair(value, try expression())
        case ".not_before" where accept(word: "ms"), ".expires" where accept(word: "ms"):
            return .milliseconds(value)
        default: return .expression(value)
        }
    }

    private mutating func versionLine(_ span: SourceSpan) throws(Recovery) {
        let token = next()
        guard token.kind == .integer(1) else {
            stream.bag.error(
                .badVersionLine,
                "this assembler knows version 1 of the language",
                at: token.span
            )
            throw Recovery()
        }
    }

    private mutating func userError(_ span: SourceSpan) throws(Recovery) {
        let token = peek()
        guard case .string(let bytes) = token.kind else {
            throw unexpected(token, expected: "a message in quotes")
        }
        next()
        stream.bag.error(.userError, String(decoding: bytes, as: UTF8.self), at: span)
    }

    // MARK: Includes

    /// Goes on in an included file, unless it was read before.
    mutating func enter(path: String, at span: SourceSpan) {
        guard fileStack.count <= AssemblyLimits.includeDepth,
            stream.bag.sources.files.count < AssemblyLimits.files
        else {
            stream.bag.error(
                .includeDepth,
                "includes are nested more than \(AssemblyLimits.includeDepth) deep, or are too many",
                at: span
            )
            return
        }
        let includer = stream.bag.sources.files[Int(fileStack.last ?? 0)].source.path
        switch resolve(path, includer) {
        case .missing(let searched):
            stream.bag.error(
                .includeMissing,
                "there is no file \"\(path)\"",
                at: span,
                notes: searched.map { "looked for \($0)" }
            )
        case .unreadable(let place, let reason):
            stream.bag.error(.includeMissing, "cannot read \(place): \(reason)", at: span)
        case .found(let source): enter(source, at: span)
        }
    }

    private mutating func enter(_ source: SourceFile, at span: SourceSpan) {
        let isOpen = fileStack.contains {
            stream.bag.sources.files[Int($0)].source.path == source.path
        }
        if isOpen {
            stream.bag.error(
                .includeCycle,
                "\"\(source.path)\" is included while it is being read",
                at: span
            )
            return
        }
        guard includedPaths.insert(source.path).inserted else { return }
        enter(file: source, includedAt: span)
    }

    /// Begins to read a file; false if it is refused as a whole.
    mutating func enter(file source: SourceFile, includedAt: SourceSpan?) {
        totalBytes += source.bytes.count
        let isHuge = source.bytes.count > AssemblyLimits.fileBytes
        let shown = isHuge ? SourceFile(path: source.path, bytes: []) : source
        let file = stream.bag.sources.add(shown, includedAt: includedAt)
        if let refusal = Lexer.refusal(of: source.bytes) {
            stream.bag.error(
                refusal.code,
                refusal.message,
                at: SourceSpan(
                    file: file,
                    start: Int32(refusal.offset),
                    end: Int32(refusal.offset)
                )
            )
            return
        }
        if totalBytes > AssemblyLimits.totalBytes {
            stream.bag.error(
                .tooLarge,
                "the files together are larger than 16 MiB",
                at: includedAt ?? SourceSpan(file: file, start: 0, end: 0)
            )
            return
        }
        stream.enter(file: file, bytes: source.bytes)
        fileStack.append(file)
        conditionalBase.append(conditionals.count)
    }

    func identifierDigest(of name: [UInt8]) -> [UInt8] { SHA256.digest(name) }
}
