internal import Cryptography
internal import PeerletBytecode

/// Reads the manifest directives and `.pages`.
struct ManifestReader {
    private(set) var draft = ManifestDirectives()
    /// Initial pages asked for.
    private(set) var pages: UInt64 = 0
    /// Of the program's memory; `.limit memory_pages` unless `.pages` says otherwise.
    private(set) var maximumPages: UInt32 = 0
    private var places: [String: SourceSpan] = [:]

    mutating func read(_ definitions: inout Definitions, _ bag: inout DiagnosticBag) {
        var maximum: UInt64?
        for directive in definitions.program.directives {
            let key = directive.key?.text ?? directive.name
            places[key] = directive.span
            if directive.name == ".pages" {
                maximum = pages(directive.value, &definitions, &bag)
            } else {
                read(directive.name, key, directive.value, directive.span, &definitions, &bag)
            }
        }
        if places["store_bytes"] == nil, draft.storeClass != .none { draft.storeBytes = 1 << 20 }
        let limit = UInt64(BytecodeLimits.memoryPages)
        if maximum == nil, draft.memoryPages > limit, let span = places["memory_pages"] {
            bag.error(
                .outOfRange,
                "`memory_pages` is \(draft.memoryPages), a program has at most \(limit) pages",
                at: span,
                help: ["`.pages INITIAL, MAXIMUM` gives the program's own maximum"]
            )
        }
        maximumPages = UInt32(min(maximum ?? UInt64(draft.memoryPages), limit))
        checkValidity(&bag)
    }

    private func checkValidity(_ bag: inout DiagnosticBag) {
        guard draft.notBefore > 0, draft.expires > 0, draft.expires <= draft.notBefore,
            let end = places[".expires"], let start = places[".not_before"]
        else { return }
        bag.error(
            .badDirectiveValue,
            "the package expires before it is valid",
            at: end,
            related: [(start, "valid from here on")]
        )
    }

    private mutating func read(
        _ name: String,
        _ key: String,
        _ value: ProgramSyntax.DirectiveValue,
        _ span: SourceSpan,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        func refuse(_ message: String) { bag.error(.badDirectiveValue, message, at: span) }
        switch (name, value) {
        case (".name", .string(let bytes)):
            let name = String(decoding: bytes, as: UTF8.self)
            guard ApplicationName.isValid(name) else {
                return refuse("a name is 1 to 64 of a-z 0-9 . _ -")
            }
            draft.name = name
        case (".version", .expression(let expression)):
            draft.version =
                definitions.unsigned(expression, limit: .max, "the version", &bag) ?? 0
        case (".version", .string(let bytes)):
            guard let version = Self.version(bytes) else {
                return refuse("a version is three numbers below 65536: \"1.0.0\"")
            }
            draft.version = version
        case (".replicas", .expression(let expression)):
            let what = "the replica count"
            let count = definitions.unsigned(expression, from: 1, limit: 16, what, &bag)
            draft.replicaCount = UInt8(count ?? 1)
        case (".type", .word("per-hop")): draft.applicationType = .perHop
        case (".type", .word("end-node")): draft.applicationType = .endNode
        case (".type", .word): refuse("the type is `end-node` or `per-hop`")
        case (".instance", .word(let word)):
            guard let instance = ManifestDirectives.InstanceClass(rawValue: word) else {
                return refuse("the instance class is `node` or `keyed`")
            }
            draft.instanceClass = instance
        case (".store", .word(let word)):
            guard let store = ManifestDirectives.StoreClass(rawValue: word) else {
                return refuse("the store class is `none`, `overlay` or `consistent`")
            }
            draft.storeClass = store
        case (".not_before", _):
            draft.notBefore = time(value, span, &definitions, &bag) ?? 0
        case (".expires", _): draft.expires = time(value, span, &definitions, &bag) ?? 0
        case (".limit", .expression(let expression)): limit(key, expression, &definitions, &bag)
        default: refuse("`\(name)` has a value of another kind")
        }
    }

    /// `.pages INITIAL` or `.pages INITIAL, MAXIMUM`; gives the maximum.
    private mutating func pages(
        _ value: ProgramSyntax.DirectiveValue,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        let limit = UInt64(BytecodeLimits.memoryPages)
        switch value {
        case .expression(let initial):
            pages = definitions.unsigned(initial, limit: limit, "pages", &bag) ?? 0
        case .pair(let initial, let maximum):
            pages = definitions.unsigned(initial, limit: limit, "pages", &bag) ?? 0
            return definitions.unsigned(maximum, limit: limit, "the maximum of pages", &bag) ?? 0
        default:
            bag.error(
                .badDirectiveValue,
                "`.pages` has a value of another kind",
                at: places[".pages"] ?? SourceSpan(file: 0, start: 0, end: 0)
            )
        }
        return nil
    }

    private mutating func limit(
        _ name: String,
        _ expression: Expression,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        let maximum: UInt64 =
            switch name {
            case "memory_pages", "messages_per_second", "mailbox": UInt64(UInt32.max)
            default: .max
            }
        let what = "`\(name)`"
        guard let value = definitions.unsigned(expression, limit: maximum, what, &bag) else {
            return
        }
        switch name {
        case "fuel_per_upcall": draft.fuelPerUpcall = value
        case "fuel_per_second": draft.fuelPerSecond = value
        case "memory_pages": draft.memoryPages = UInt32(value)
        case "store_bytes": draft.storeBytes = value
        case "messages_per_second": draft.messagesPerSecond = UInt32(value)
        default: draft.mailbox = UInt32(value)
        }
    }

    private static func version(_ bytes: [UInt8]) -> UInt64? {
        let parts = String(decoding: bytes, as: UTF8.self)
            .split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.allSatisfy { $0.isASCII && $0.isNumber } ? UInt16(part) : nil
        }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        return UInt64(numbers[0]) << 32 | UInt64(numbers[1]) << 16 | UInt64(numbers[2])
    }

    /// Milliseconds since 1970, 0 for none; nil after reporting.
    private func time(
        _ value: ProgramSyntax.DirectiveValue,
        _ span: SourceSpan,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        switch value {
        case .expression(let expression):
            let limit = UInt64.max / 1000
            return definitions.unsigned(expression, limit: limit, "the time", &bag).map {
                $0 * 1000
            }
        case .milliseconds(let expression):
            return definitions.unsigned(expression, limit: .max, "the time", &bag)
        case .string(let bytes):
            // The first moment of 1970 would be read as none.
            if let time = CalendarTime.milliseconds(bytes), time > 0 { return time }
        case .word, .pair: break
        }
        bag.error(
            .badDirectiveValue,
            "a time is seconds since 1970, `N ms`, \"YYYY-MM-DD\" or \"YYYY-MM-DDThh:mm:ssZ\"",
            at: span
        )
        return nil
    }
}
