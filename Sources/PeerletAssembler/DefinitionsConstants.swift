internal import PeerletBytecode
internal import Suggestions

// Constant expressions: evaluated when they are asked for, each once.
extension Definitions {
    /// The value, or nil after reporting why not.
    mutating func evaluate(_ expression: Expression, _ bag: inout DiagnosticBag) -> Int128? {
        guard depth < AssemblyLimits.evaluationDepth else {
            bag.error(
                .nesting,
                "constants have too many parts inside each other",
                at: expression.span
            )
            return nil
        }
        depth += 1
        defer { depth -= 1 }
        return compute(expression, &bag)
    }

    private mutating func compute(
        _ expression: Expression,
        _ bag: inout DiagnosticBag
    ) -> Int128? {
        switch expression.kind {
        case .integer(let value): return Int128(value)
        case .name(let name): return value(ofName: name, at: expression.span, &bag)
        case .string(let bytes): return address(of: .string(bytes), expression.span, &bag)
        case .identifier(let bytes): return address(of: .identifier(bytes), expression.span, &bag)
        case .sizeOf(let operand): return size(of: operand, at: expression.span, &bag)
        case .defined(let name): return symbols[name.text] == nil ? 0 : 1
        case .tableIndex(let name):
            guard let index = memory?.tableIndex(of: name.text) else {
                bag.error(
                    .notConstant,
                    "`@\(name.text)` is not known yet here",
                    at: expression.span
                )
                return nil
            }
            return Int128(index)
        case .unary(let sign, let operand):
            guard let value = evaluate(operand, &bag) else { return nil }
            return attempt(expression.span, "\(value)", &bag) {
                () throws(ConstantArithmetic.Failure) in
                try ConstantArithmetic.apply(sign, value)
            }
        case .binary(let sign, let left, let right):
            guard let first = evaluate(left, &bag) else { return nil }
            if sign == .andAlso, first == 0 { return 0 }
            if sign == .orElse, first != 0 { return 1 }
            guard let second = evaluate(right, &bag) else { return nil }
            let shown = "\(first) \(sign.rawValue) \(second)"
            return attempt(expression.span, shown, &bag) { () throws(ConstantArithmetic.Failure) in
                try ConstantArithmetic.apply(sign, first, second)
            }
        case .conditional(let condition, let whole, let otherwise):
            guard let chosen = evaluate(condition, &bag) else { return nil }
            return evaluate(chosen != 0 ? whole : otherwise, &bag)
        case .call(let name, _):
            bag.error(.notConstant, "a call of `\(name.text)` is not constant", at: expression.span)
            return nil
        case .field, .index, .cast:
            bag.error(.notConstant, "memory is not constant", at: expression.span)
            return nil
        case .spanOf:
            bag.error(
                .misplaced,
                "`span` stands only in the arguments of a call",
                at: expression.span
            )
            return nil
        }
    }

    private func attempt(
        _ span: SourceSpan,
        _ shown: String,
        _ bag: inout DiagnosticBag,
        _ compute: () throws(ConstantArithmetic.Failure) -> Int128
    ) -> Int128? {
        do throws(ConstantArithmetic.Failure) {
            return try compute()
        } catch {
            switch error {
            case .overflow:
                bag.error(.overflow, "the constant does not fit 64 bits", at: span, label: shown)
            case .divisionByZero:
                bag.error(.divisionByZero, "a constant is divided by zero", at: span, label: shown)
            case .shiftCount:
                bag.error(.overflow, "a shift count is not in 0 ... 63", at: span, label: shown)
            }
            return nil
        }
    }

    mutating func value(
        ofName name: String,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> Int128? {
        switch symbols[name]?.symbol {
        case .constant(let index): return value(ofConstant: index, usedAt: span, &bag)
        case .data(let index): return address(of: .data(index), span, &bag)
        case .some(let symbol):
            bag.error(.notConstant, "`\(name)` is \(symbol.description), not a constant", at: span)
            return nil
        case nil: break
        }
        if let fixed = MemoryMap.Place(fixedName: name) { return address(of: fixed, span, &bag) }
        if let offset = offset(ofPath: name, at: span, &bag) { return offset.map { Int128($0) } }
        unknown(name, at: span, &bag)
        return nil
    }

    mutating func value(
        ofConstant index: Int,
        usedAt use: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> Int128? {
        switch constants[index] {
        case .done(let value): return value
        case .failed: return nil
        case .busy:
            let name = program.constants[index].name
            bag.error(
                .constantCycle,
                "constant `\(name.text)` is defined by itself",
                at: name.span,
                related: [(use, "used here")]
            )
            constants[index] = .failed
            return nil
        case nil: break
        }
        guard chain < AssemblyLimits.constantChain else {
            bag.error(.nesting, "constants refer to each other more than 200 deep", at: use)
            return nil
        }
        chain += 1
        defer { chain -= 1 }
        constants[index] = .busy
        let result: Int128?
        switch program.constants[index].value {
        case .number(let value): result = value
        case .expression(let expression): result = evaluate(expression, &bag)
        case .after(let base, let distance):
            result = value(ofName: base, at: use, &bag).flatMap { start in
                attempt(use, "\(start) + \(distance)", &bag) {
                    () throws(ConstantArithmetic.Failure) in
                    try ConstantArithmetic.checked(start + Int128(distance))
                }
            }
        }
        constants[index] = result.map(ConstantState.done) ?? .failed
        return result
    }

    private func address(
        of place: MemoryMap.Place,
        _ span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> Int128? {
        guard let memory else {
            bag.error(
                .layout,
                "this address is not known before memory is laid out",
                at: span,
                help: ["sizes and `.if` cannot depend on addresses"]
            )
            return nil
        }
        return Int128(memory.address(of: place))
    }

    mutating func size(
        of operand: Expression.SizeOperand,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> Int128? {
        switch operand {
        case .string(let bytes): return Int128(bytes.count)
        case .type(let syntax):
            if syntax.dimensions.isEmpty, !syntax.isOpen {
                if case .data(let index) = symbol(syntax.base.text) {
                    return size(ofData: index, &bag).map { Int128($0) }
                }
                if let field = field(ofPath: syntax.base.text, at: syntax.base.span, &bag) {
                    return field.flatMap { size(of: $0.type, at: span, &bag) }.map { Int128($0) }
                }
            }
            guard let type = resolve(syntax, &bag), !syntax.isOpen else { return nil }
            return size(of: type, at: span, &bag).map { Int128($0) }
        }
    }

    /// A value from `lowest` up to a limit.
    mutating func unsigned(
        _ expression: Expression,
        from lowest: UInt64 = 0,
        limit: UInt64,
        _ what: String,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        guard let value = evaluate(expression, &bag) else { return nil }
        guard value >= Int128(lowest), value <= Int128(limit) else {
            bag.error(
                .outOfRange,
                "\(what) is \(value), allowed are \(lowest) ... \(limit)",
                at: expression.span
            )
            return nil
        }
        return UInt64(value)
    }

    func unknown(
        _ name: String,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag,
        more: [String] = []
    ) {
        bag.error(
            .unknownName,
            "`\(name)` is not defined",
            at: span,
            help: help(for: name, among: more + names)
        )
    }

    /// Where the library has the name, else a name that is near.
    func help(for name: String, among known: [String]) -> [String] {
        if let file = StandardLibrary.file(defining: name) { return ["add `include \"\(file)\"`"] }
        return Suggestion.nearest(to: name, among: known).map { ["did you mean `\($0)`?"] } ?? []
    }
}
