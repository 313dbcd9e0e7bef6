internal import PeerletBytecode

extension CodeGenerator {
    /// What the first part of a dotted name means in this place.
    private enum Root {
        case local(Local)
        case global(Int)
        case data(Int)
        /// The name as a whole is a constant, or unknown.
        case other
    }

    private func root(of name: String, _ context: Int32) -> (Root, fields: [Substring]) {
        let parts = name.split(separator: ".")
        guard let first = parts.first else { return (.other, []) }
        let fields = Array(parts.dropFirst())
        if let local = local(first, context) { return (.local(local), fields) }
        switch definitions.symbol(String(first)) {
        case .global(let index): return (.global(index), fields)
        case .data(let index): return (.data(index), fields)
        default: return (.other, [])
        }
    }

    /// Whether the value is known at assembly time.
    func isConstant(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .integer, .string, .identifier, .sizeOf, .tableIndex, .defined: return true
        case .name(let name):
            switch root(of: name, expression.span.context) {
            case (.local, _), (.global, _): return false
            case (.data, let fields): return fields.isEmpty
            case (.other, _):
                if case .procedure = definitions.symbol(name) { return false }
                return definitions.symbol(name) != nil || isKnownPath(name)
            }
        case .unary(_, let operand): return isConstant(operand)
        case .binary(_, let left, let right): return isConstant(left) && isConstant(right)
        case .conditional(let condition, let whole, let otherwise):
            return isConstant(condition) && isConstant(whole) && isConstant(otherwise)
        case .call, .cast, .index, .field, .spanOf: return false
        }
    }

    private func isKnownPath(_ name: String) -> Bool {
        if MemoryMap.Place(fixedName: name) != nil { return true }
        guard let first = name.split(separator: ".").first, first.count < name.count else {
            return false
        }
        if case .structure = definitions.symbol(String(first)) { return true }
        return false
    }

    /// Pushes the value; the type of what it points to, if it is a typed address.
    @discardableResult
    mutating func generate(_ expression: Expression) -> MemoryType? {
        if isConstant(expression) {
            guard let value = definitions.evaluate(expression, &bag) else {
                emitter.pretend(pushes: 1)
                return nil
            }
            emitConstant(value, at: expression.span)
            return typeOfConstant(expression)
        }
        switch expression.kind {
        case .name(let name): return generate(name: name, expression)
        case .field, .index: return load(expression)
        case .cast(let syntax, let value):
            let type = variableType(syntax)
            generate(value)
            return type
        case .call(let name, let arguments):
            if let type = castType(name) { return generateCast(type, name, arguments) }
            generateCall(name, arguments, results: 1, at: expression.span)
        case .unary(let sign, let operand): generate(sign, operand, at: expression.span)
        case .binary(.andAlso, _, _), .binary(.orElse, _, _): generateTruth(expression)
        case .binary(let sign, let left, let right):
            generate(left)
            generate(right)
            if let opcode = sign.opcode { emit(opcode, at: expression.span) }
        case .conditional(let condition, let whole, let otherwise):
            generateConditional(condition, whole, otherwise)
        case .spanOf:
            bag.error(
                .misplaced,
                "`span` stands only in the arguments of a call",
                at: expression.span
            )
            emitter.pretend(pushes: 1)
        case .integer, .string, .identifier, .sizeOf, .tableIndex, .defined: break
        }
        return nil
    }

    private mutating func typeOfConstant(_ expression: Expression) -> MemoryType? {
        switch expression.kind {
        case .string, .identifier: return .array(.bytes, count: 0)
        case .name(let name):
            guard case .data(let index) = definitions.symbol(name) else { return nil }
            return objectType(ofData: index)
        default: return nil
        }
    }

    private mutating func objectType(ofData index: Int) -> MemoryType? {
        let definition = definitions.program.data[index]
        guard let syntax = definition.type else { return .array(.bytes, count: 0) }
        guard let type = definitions.type(ofData: index, &bag) else { return nil }
        return syntax.isOpen ? .array(type, count: 0) : type
    }

    private mutating func generate(name: String, _ expression: Expression) -> MemoryType? {
        switch root(of: name, expression.span.context) {
        case (.local(let local), let fields) where fields.isEmpty:
            emit(.localGet, .index(local.slot), at: expression.span)
            return local.type
        case (.global(let index), let fields) where fields.isEmpty:
            emit(.globalGet, .index(UInt32(index)), at: expression.span)
            return globalTypes[index]
        case (.other, _):
            reportUnknown(name, expression.span)
            emitter.pretend(pushes: 1)
            return nil
        default: return load(expression)
        }
    }

    mutating func reportUnknown(_ name: String, _ span: SourceSpan) {
        if case .procedure = definitions.symbol(name) {
            bag.error(
                .wrongKind,
                "`\(name)` is a procedure",
                at: span,
                help: ["call it as `\(name)(…)`; `@\(name)` is its index in the table"]
            )
            return
        }
        if let symbol = definitions.symbol(name) {
            bag.error(.wrongKind, "`\(name)` is \(symbol.description), not a value", at: span)
            return
        }
        if HostABI.call(named: name) != nil || OpcodeTable.opcode(mnemonic: name) != nil {
            bag.error(
                .wrongKind,
                "`\(name)` is not a value",
                at: span,
                help: ["call it as `\(name)(…)`"]
            )
            return
        }
        definitions.unknown(name, at: span, &bag, more: localNames(span.context))
    }

    // MARK: Operators

    private mutating func generate(
        _ sign: UnaryOperator,
        _ operand: Expression,
        at span: SourceSpan
    ) {
        switch sign {
        case .negate:
            emit(.const, .constant(0), at: span)
            generate(operand)
            emit(.sub, at: span)
        case .complement:
            generate(operand)
            emit(.const, .constant(-1), at: span)
            emit(.xor, at: span)
        case .not:
            generate(operand)
            emit(.eqz, at: span)
        }
    }

    /// 1 or 0 of a condition that skips parts.
    private mutating func generateTruth(_ expression: Expression) {
        let no = emitter.label()
        let end = emitter.label()
        let span = expression.span
        jump(unless: expression, to: no)
        emit(.const, .constant(1), at: span)
        emitter.branch(.br, to: end, at: span, &bag)
        emitter.place(no, at: span, &bag)
        emit(.const, .constant(0), at: span)
        emitter.place(end, at: span, &bag)
    }

    private mutating func generateConditional(
        _ condition: Expression,
        _ whole: Expression,
        _ otherwise: Expression
    ) {
        let no = emitter.label()
        let end = emitter.label()
        jump(unless: condition, to: no)
        generate(whole)
        emitter.branch(.br, to: end, at: whole.span, &bag)
        emitter.place(no, at: otherwise.span, &bag)
        generate(otherwise)
        emitter.place(end, at: otherwise.span, &bag)
    }

    /// Goes to the label if the condition is zero.
    mutating func jump(unless condition: Expression, to label: CodeEmitter.Label) {
        jump(condition, isWanted: false, to: label)
    }

    private mutating func jump(
        _ condition: Expression,
        isWanted: Bool,
        to label: CodeEmitter.Label
    ) {
        let span = condition.span
        if isConstant(condition) {
            guard let value = definitions.evaluate(condition, &bag) else { return }
            if (value != 0) == isWanted { emitter.branch(.br, to: label, at: span, &bag) }
            return
        }
        switch condition.kind {
        case .unary(.not, let operand): jump(operand, isWanted: !isWanted, to: label)
        case .binary(let sign, let left, let right) where sign == .andAlso || sign == .orElse:
            // `a && b` fails as soon as one fails; `a || b` holds as soon as one holds.
            if (sign == .orElse) == isWanted {
                jump(left, isWanted: isWanted, to: label)
                jump(right, isWanted: isWanted, to: label)
            } else {
                let skip = emitter.label()
                jump(left, isWanted: !isWanted, to: skip)
                jump(right, isWanted: isWanted, to: label)
                emitter.place(skip, at: span, &bag)
            }
        default:
            generate(condition)
            emitter.branch(isWanted ? .brIf : .brIfZero, to: label, at: span, &bag)
        }
    }

    // MARK: Memory

    /// An object in memory: its base address is on the stack, the offset still to be added.
    struct Place {
        var type: MemoryType
        var offset: UInt64
    }

    /// Pushes the base address of a field or element; nil after reporting (with one value counted).
    mutating func place(_ expression: Expression) -> Place? {
        switch expression.kind {
        case .name(let name): return place(name: name, expression.span)
        case .field(let base, let name):
            guard var place = object(base) else { return nil }
            return follow(name.text.split(separator: "."), &place, at: name.span) ? place : nil
        case .index(let base, let index):
            guard let place = object(base) else { return nil }
            return element(index, of: place, at: expression.span)
        default: return object(expression)
        }
    }

    private mutating func place(name: String, _ span: SourceSpan) -> Place? {
        let (root, fields) = root(of: name, span.context)
        let type: MemoryType?
        switch root {
        case .local(let local):
            emit(.localGet, .index(local.slot), at: span)
            type = local.type
        case .global(let index):
            emit(.globalGet, .index(UInt32(index)), at: span)
            type = globalTypes[index]
        case .data(let index):
            let address = definitions.memory?.address(of: .data(index)) ?? 0
            emitConstant(Int128(address), at: span)
            type = objectType(ofData: index)
        case .other:
            reportUnknown(name, span)
            emitter.pretend(pushes: 1)
            return nil
        }
        guard let type else {
            let first = name.split(separator: ".").first.map(String.init) ?? name
            bag.error(
                .untyped,
                "`\(first)` has no type, so it has no fields or elements",
                at: span,
                help: ["declare it as `\(first): Struct`, or cast it: `Struct(\(first)).field`"]
            )
            emitter.pretend(pushes: 0)
            return nil
        }
        var place = Place(type: type, offset: 0)
        return follow(fields, &place, at: span) ? place : nil
    }

    /// Fields of fields; the address stays.
    private mutating func follow(
        _ fields: [Substring],
        _ place: inout Place,
        at span: SourceSpan
    ) -> Bool {
        for name in fields {
            guard let field = definitions.field(String(name), of: place.type, at: span, &bag) else {
                emitter.pretend(pushes: 0)
                return false
            }
            place.offset += field.offset
            place.type = field.type
        }
        return true
    }

    /// What an expression points to, for access to its fields or elements.
    private mutating func object(_ expression: Expression) -> Place? {
        switch expression.kind {
        case .name, .field, .index:
            guard let place = place(expression) else { return nil }
            if case .scalar = place.type {
                bag.error(
                    .untyped,
                    "this is a number, it has no fields or elements",
                    at: expression.span,
                    help: ["cast it to the type it points to: `Struct(…).field`"]
                )
                emitter.pretend(pushes: 0)
                return nil
            }
            return place
        default:
            guard let type = generate(expression) else {
                bag.error(
                    .untyped,
                    "this value has no type, so it has no fields or elements",
                    at: expression.span,
                    help: ["cast it: `Struct(…).field`, `u8[](…)[i]`"]
                )
                emitter.pretend(pushes: 0)
                return nil
            }
            return Place(type: type, offset: 0)
        }
    }

    private mutating func element(
        _ index: Expression,
        of base: Place,
        at span: SourceSpan
    ) -> Place? {
        let type = base.type.decayed
        guard let size = definitions.size(of: type, at: span, &bag) else {
            emitter.pretend(pushes: 0)
            return nil
        }
        if isConstant(index) {
            guard let value = definitions.evaluate(index, &bag) else {
                emitter.pretend(pushes: 0)
                return nil
            }
            let offset = value.multipliedReportingOverflow(by: Int128(size))
            let sum = offset.partialValue.addingReportingOverflow(Int128(base.offset))
            if !offset.overflow, !sum.overflow, sum.partialValue >= 0,
                sum.partialValue <= Int128(UInt32.max)
            {
                return Place(type: type, offset: UInt64(sum.partialValue))
            }
        }
        generate(index)
        if size != 1 {
            if size > 0, size & (size - 1) == 0 {
                emit(.const, .constant(Int64(size.trailingZeroBitCount)), at: span)
                emit(.shl, at: span)
            } else {
                emit(.const, .constant(Int64(size)), at: span)
                emit(.mul, at: span)
            }
        }
        emit(.add, at: span)
        return Place(type: type, offset: base.offset)
    }

    /// Value of a scalar, address of anything else.
    private mutating func load(_ expression: Expression) -> MemoryType? {
        guard let place = place(expression) else { return nil }
        guard case .scalar(let scalar) = place.type else {
            if place.offset > 0 {
                emitConstant(Int128(place.offset), at: expression.span)
                emit(.add, at: expression.span)
            }
            return place.type
        }
        let offset = UInt32(truncatingIfNeeded: place.offset)
        emit(scalar.load, .offset(offset), at: expression.span)
        return nil
    }
}
