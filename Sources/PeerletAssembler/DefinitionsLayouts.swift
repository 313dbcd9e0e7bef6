internal import PeerletBytecode
internal import Suggestions

// Structs, types and data: their sizes, and where fields lie.
extension Definitions {
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
    mutating func offset(
        ofPath path: String,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) -> UInt64?? {
        guard let field = field(ofPath: path, at: span, &bag) else { return nil }
        return .some(field?.offset)
    }

    mutating func field(
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
        case .items(let items): return size(of: items, definition.name, &bag)
        }
    }

    mutating func size(
        of items: [DataDefinition.Item],
        _ name: Name,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
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
                "`\(name.text)` has \(total) bytes, more than \(BytecodeLimits.dataBytes)",
                at: name.span
            )
            return nil
        }
        return total
    }
}
