/// A whole program as read.
struct ProgramSyntax: Sendable {
    var constants: [ConstantDefinition] = []
    var structs: [StructDefinition] = []
    var globals: [GlobalDefinition] = []
    var data: [DataDefinition] = []
    var procedures: [Procedure] = []
    var imports: [Name] = []
    var exports: [(name: Name, procedure: Name)] = []
    var table: [Name] = []
    var assertions: [(Expression, String)] = []
    /// Segments of the image as they are, in their order.
    var segments: [(address: Expression, items: [DataDefinition.Item], span: SourceSpan)] = []
    var inbox: (placement: DataDefinition.Placement, size: Expression, span: SourceSpan)?
    var directives: [(name: String, key: Name?, value: DirectiveValue, span: SourceSpan)] = []

    enum DirectiveValue: Sendable {
        case word(String)
        case string([UInt8])
        case expression(Expression)
        case milliseconds(Expression)
        case pair(Expression, Expression)
    }

    var definitionCount: Int {
        constants.count + structs.count + globals.count + data.count + procedures.count
            + imports.count + exports.count + table.count + assertions.count
    }
}

struct StructDefinition: Sendable {
    enum Item: Sendable {
        case field(Name, TypeSyntax)
        case offset(Expression)
    }

    var name: Name
    var items: [Item]
}

struct DataDefinition: Sendable {
    enum Item: Sendable {
        case number(Scalar, Expression)
        case string([UInt8])
        case zero(Expression)
        case bytes([UInt8])
    }

    enum Placement: Sendable {
        case anywhere
        case align(Expression)
        case at(Expression)
    }

    enum Content: Sendable {
        case items([Item])
        /// `bss`; without a type, bytes.
        case reserved(count: Expression?)
    }

    var name: Name
    var placement: Placement
    var type: TypeSyntax?
    var content: Content
}

struct GlobalDefinition: Sendable {
    var name: Name
    var type: TypeSyntax?
    var value: Expression?
}

struct ConstantDefinition: Sendable {
    enum Value: Sendable {
        case expression(Expression)
        /// A member of an enum without a value: the one before plus so many.
        case after(String, UInt64)
        case number(Int128)
    }

    var name: Name
    var value: Value
}
