internal import PeerletBytecode

// Data, reservations and the inbox.
extension Parser {
    mutating func placement() throws(Recovery) -> DataDefinition.Placement {
        if accept(word: "align") { return .align(try expression()) }
        if accept(word: "at") { return .at(try expression()) }
        return .anywhere
    }

    mutating func inbox() throws(Recovery) {
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

    mutating func reservation() throws(Recovery) {
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

    mutating func data() throws(Recovery) {
        next()
        let name = try definedName("data")
        let placement = try placement()
        try expect(.colon)
        var type: TypeSyntax?
        if startsTypedData() {
            type = try self.type()
            try expect(.assign)
        }
        let items = try dataItems()
        add(DataDefinition(name: name, placement: placement, type: type, content: .items(items)))
    }

    /// `.segment ADDRESS: items`, with none for an empty segment.
    mutating func segment(_ span: SourceSpan) throws(Recovery) {
        let address = try expression()
        try expect(.colon)
        let isEmpty = stream.peek().kind == .newline || stream.peek().kind == .endOfFile
        let items = isEmpty ? [] : try dataItems()
        guard definitions.program.segments.count < BytecodeLimits.dataSegments else {
            throw tooMany("segments", BytecodeLimits.dataSegments, at: span)
        }
        definitions.program.segments.append((address, items, span))
    }

    private mutating func dataItems() throws(Recovery) -> [DataDefinition.Item] {
        var items: [DataDefinition.Item] = []
        var width = Scalar.u8
        repeat {
            while stream.peek().kind == .newline, !items.isEmpty { _ = stream.next() }
            try count(at: stream.peek().span)
            try dataItem(&width, into: &items)
        } while accept(.comma)
        return items
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

    mutating func string(_ what: String) throws(Recovery) -> [UInt8] {
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
}
