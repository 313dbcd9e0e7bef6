internal import PeerletBytecode

/// What a global name stands for: an index into the program's definitions.
enum Symbol: Sendable, Equatable {
    case constant(Int)
    case structure(Int)
    case global(Int)
    case data(Int)
    case procedure(Int)
    case macro

    var description: String {
        switch self {
        case .constant: "a constant"
        case .structure: "a struct"
        case .global: "a global"
        case .data: "data"
        case .procedure: "a procedure"
        case .macro: "a macro"
        }
    }
}

/// The program's definitions by name, with the values of constants and the layout of structs as far
/// as they were asked for.
struct Definitions: Sendable {
    var program = ProgramSyntax()
    private(set) var symbols: [String: (symbol: Symbol, span: SourceSpan)] = [:]
    /// In the order of definition, for suggestions.
    private(set) var names: [String] = []

    private enum State { case busy, done(Int128), failed }
    private var constants: [Int: State] = [:]
    private enum LayoutState { case busy, done(StructLayout), failed }
    private var layouts: [Int: LayoutState] = [:]
    private var chain = 0
    /// Of nested evaluations: constants within constants, each a tree.
    private var depth = 0

    /// Known once the memory is laid out.
    var memory: MemoryMap?

    func symbol(_ name: String) -> Symbol? { symbols[name]?.symbol }

    func span(of name: String) -> SourceSpan? { symbols[name]?.span }

    mutating func define(
        _ name: Name,
        _ symbol: Symbol,
        _ bag: inout DiagnosticBag
    ) {
        if let known = symbols[name.text] {
            bag.error(
                .duplicate,
                "`\(name.text)` is defined twice",
                at: name.span,
                related: [(known.span, "the first definition")]
            )
            return
        }
        if names.count >= AssemblyLimits.definitions {
            bag.error(
                .tooLarge,
                "more than \(AssemblyLimits.definitions) definitions",
                at: name.span
            )
            return
        }
        symbols[name.text] = (symbol, name.span)
        names.append(name.text)
    }

    // MARK: Constants

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

    private mutating func value(
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
        constants[index] = result.map(State.done) ?? .failed
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

    private mutating func size(
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

    /// A non-negative value up to a limit.
    mutating func unsigned(
        _ expression: Expression,
        limit: UInt64,
        _ what: String,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        guard let value = evaluate(expression, &bag) else { return nil }
        guard value >= 0, value <= Int128(limit) else {
            bag.error(
                .outOfRange,
                "\(what) is \(value), allowed are 0 ... \(limit)",
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

    // MARK: Structs and types

    /// The type that is written, or nil after reporting.
    mutating func resolve(_ syntax: TypeSyntax, _ bag: inout DiagnosticBag) -> MemoryType? {
        let name = syntax.base.text
        var type: MemoryType
        var dimensions = syntax.dimensions[...]
        if let scalar = Scalar(rawValue: name) {
            type = .scalar(scalar)
        } else if name == "bytes" {
            guard let first = dimensions.popFirst() else {
                if syntax.isOpen { return .bytes }
                bag.error(.untyped, "`bytes` needs a size, as in `bytes[32]`", at: syntax.span)
                return nil
            }
            guard let count = unsigned(first, limit: AssemblyLimits.memoryBytes, "the size", &bag)
            else { return nil }
            type = .array(.bytes, count: count)
        } else if case .structure(let index) = symbol(name) {
            type = .structure(index)
        } else if let other = symbol(name) {
            bag.error(
                .wrongKind,
                "`\(name)` is \(other.description), not a type",
                at: syntax.base.span
            )
            return nil
        } else {
            let structs = program.structs.map(\.name.text)
            bag.error(
                .unknownName,
                "there is no type `\(name)`",
                at: syntax.base.span,
                help: help(
                    for: name,
                    among: structs + Scalar.allCases.map(\.rawValue) + ["bytes"]
                )
            )
            return nil
        }
        for dimension in dimensions {
            guard
                let count = unsigned(
                    dimension,
                    limit: AssemblyLimits.memoryBytes,
                    "the count",
                    &bag
                )
            else { return nil }
            type = .array(type, count: count)
        }
        guard size(of: type, at: syntax.span, &bag) != nil else { return nil }
        return type
    }

    mutating func size(
        of type: MemoryType,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        switch type {
        case .scalar(let scalar): return scalar.size
        case .structure(let index): return layout(ofStruct: index, usedAt: span, &bag)?.size
        case .array(let element, let count):
            guard let size = size(of: element, at: span, &bag) else { return nil }
            let (product, overflow) = size.multipliedReportingOverflow(by: count)
            guard !overflow, product <= AssemblyLimits.memoryBytes else {
                bag.error(.outOfRange, "the type is larger than 16 MiB", at: span)
                return nil
            }
            return product
        }
    }

    mutating func layout(
        ofStruct index: Int,
        usedAt use: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> StructLayout? {
        switch layouts[index] {
        case .done(let layout): return layout
        case .failed: return nil
        case .busy:
            bag.error(
                .constantCycle,
                "struct `\(program.structs[index].name.text)` contains itself",
                at: program.structs[index].name.span,
                related: [(use, "through this")]
            )
            return nil
        case nil: break
        }
        guard chain < AssemblyLimits.constantChain else {
            bag.error(.nesting, "structs contain each other more than 200 deep", at: use)
            return nil
        }
        chain += 1
        defer { chain -= 1 }
        layouts[index] = .busy
        let layout = computeLayout(program.structs[index], &bag)
        layouts[index] = layout.map(LayoutState.done) ?? .failed
        return layout
    }

    private mutating func computeLayout(
        _ definition: StructDefinition,
        _ bag: inout DiagnosticBag
    ) -> StructLayout? {
        var layout = StructLayout()
        var offset: UInt64 = 0
        var isGood = true
        for item in definition.items {
            switch item {
            case .offset(let expression):
                let limit = AssemblyLimits.memoryBytes
                guard let value = unsigned(expression, limit: limit, "the offset", &bag) else {
                    isGood = false
                    continue
                }
                offset = value
            case .field(let name, let syntax):
                guard let type = resolve(syntax, &bag),
                    let size = size(of: type, at: syntax.span, &bag)
                else {
                    isGood = false
                    continue
                }
                if name.text != "_" {
                    layout.fields.append(.init(name: name.text, offset: offset, type: type))
                }
                offset += size
            }
            if offset > AssemblyLimits.memoryBytes {
                bag.error(.outOfRange, "the struct is larger than 16 MiB", at: definition.name.span)
                return nil
            }
            layout.size = max(layout.size, offset)
        }
        return isGood ? layout : nil
    }

    /// Offset of `Struct.field.field`; nil: the first part is no struct, `.some(nil)`: reported.
    private mutating func offset(
        ofPath path: String,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> UInt64?? {
        guard let field = field(ofPath: path, at: span, &bag) else { return nil }
        return .some(field?.offset)
    }

    private mutating func field(
        ofPath path: String,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> (offset: UInt64, type: MemoryType)?? {
        let parts = path.split(separator: ".").map(String.init)
        guard parts.count > 1, case .structure(let index) = symbol(parts[0]) else { return nil }
        var offset: UInt64 = 0
        var type = MemoryType.structure(index)
        for part in parts.dropFirst() {
            guard let field = field(part, of: type, at: span, &bag) else { return .some(nil) }
            offset += field.offset
            type = field.type
        }
        return .some((offset, type))
    }

    /// A field of a value of a type, or nil after reporting.
    mutating func field(
        _ name: String,
        of type: MemoryType,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> StructLayout.Field? {
        guard case .structure(let index) = type else {
            bag.error(.unknownField, "`.\(name)`: this is no struct", at: span)
            return nil
        }
        guard let layout = layout(ofStruct: index, usedAt: span, &bag) else { return nil }
        if let field = layout.field(named: name) { return field }
        let definition = program.structs[index].name
        let near = Suggestion.nearest(to: name, among: layout.fields.map(\.name))
        bag.error(
            .unknownField,
            "struct `\(definition.text)` has no field `\(name)`",
            at: span,
            related: [(definition.span, "defined here")],
            help: near.map { ["did you mean `\($0)`?"] } ?? []
        )
        return nil
    }

    // MARK: Data

    /// The type of a data definition's content.
    mutating func type(ofData index: Int, _ bag: inout DiagnosticBag) -> MemoryType? {
        guard let syntax = program.data[index].type else { return .bytes }
        guard let type = resolve(syntax, &bag) else { return nil }
        return type
    }

    mutating func size(ofData index: Int, _ bag: inout DiagnosticBag) -> UInt64? {
        let definition = program.data[index]
        switch definition.content {
        case .reserved(let count):
            let element = type(ofData: index, &bag)
            guard let element, let size = size(of: element, at: definition.name.span, &bag) else {
                return nil
            }
            guard let count else { return size }
            let limit = AssemblyLimits.memoryBytes / max(size, 1)
            return unsigned(count, limit: limit, "the count", &bag).map { $0 * size }
        case .items(let items):
            var total: UInt64 = 0
            for item in items {
                switch item {
                case .number(let scalar, _): total += scalar.size
                case .string(let bytes), .bytes(let bytes): total += UInt64(bytes.count)
                case .zero(let count):
                    let limit = AssemblyLimits.memoryBytes
                    guard let count = unsigned(count, limit: limit, "the count", &bag) else {
                        return nil
                    }
                    total += count
                }
            }
            guard total <= UInt64(BytecodeLimits.dataBytes) else {
                bag.error(
                    .tooLarge,
                    "`\(definition.name.text)` has \(total) bytes, more than \(BytecodeLimits.dataBytes)",
                    at: definition.name.span
                )
                return nil
            }
            return total
        }
    }
}
