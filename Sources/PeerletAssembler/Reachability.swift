/// What of included files the program needs, and the strings, identifiers and table entries that
/// its code names, in the order in which they are found.
struct Reachability {
    private(set) var procedures: Set<Int> = []
    private(set) var data: Set<Int> = []
    private(set) var hostCalls: Set<String> = []
    private(set) var places: [MemoryMap.Place] = []
    private(set) var table: [String] = []
    private var constants: Set<Int> = []
    private var seenPlaces: Set<MemoryMap.Place> = []
    private var seenTable: Set<String> = []
    private enum Work { case procedure(Int), data(Int), constant(Int) }
    /// What was found and not looked into: a list, as chains of definitions can be long.
    private var pending: [Work] = []
    private let definitions: Definitions

    init(_ definitions: Definitions) {
        self.definitions = definitions
        let program = definitions.program
        for name in program.table {
            table.append(name.text)
            seenTable.insert(name.text)
            visit(name: name.text)
        }
        for (index, procedure) in program.procedures.enumerated() {
            if procedure.isExported || procedure.name.span.file == 0 { visit(procedure: index) }
        }
        for (_, procedure) in program.exports { visit(name: procedure.text) }
        for (index, definition) in program.data.enumerated() where definition.name.span.file == 0 {
            visit(data: index)
        }
        for global in program.globals { if let value = global.value { visit(value) } }
        for segment in program.segments { visit(segment.items) }
        while let work = pending.popLast() {
            switch work {
            case .procedure(let index): visit(program.procedures[index].body)
            case .data(let index):
                if case .items(let items) = program.data[index].content { visit(items) }
            case .constant(let index):
                if case .expression(let value) = program.constants[index].value { visit(value) }
            }
        }
    }

    private mutating func visit(_ items: [DataDefinition.Item]) {
        for item in items {
            if case .number(_, let expression) = item { visit(expression) }
        }
    }

    private mutating func addTable(_ name: String) {
        if seenTable.insert(name).inserted { table.append(name) }
        visit(name: name)
    }

    private mutating func visit(procedure index: Int) {
        if procedures.insert(index).inserted { pending.append(.procedure(index)) }
    }

    private mutating func visit(data index: Int) {
        if data.insert(index).inserted { pending.append(.data(index)) }
    }

    /// A name and, if it has dots, what its first part means.
    private mutating func visit(name: String) {
        if definitions.symbol(name) == nil, let dot = name.firstIndex(of: ".") {
            hostCalls.insert(name)
            return visit(name: String(name[..<dot]))
        }
        switch definitions.symbol(name) {
        case .procedure(let index): visit(procedure: index)
        case .data(let index): visit(data: index)
        case .constant(let index):
            if constants.insert(index).inserted { pending.append(.constant(index)) }
        default: break
        }
    }

    private mutating func visit(_ expression: Expression) {
        switch expression.kind {
        case .integer, .sizeOf, .defined: break
        case .string(let bytes): add(.string(bytes))
        case .identifier(let bytes): add(.identifier(bytes))
        case .name(let name): visit(name: name)
        case .call(let name, let arguments):
            visit(name: name.text)
            for argument in arguments { visit(argument) }
        case .cast(_, let value), .unary(_, let value), .field(let value, _), .spanOf(let value):
            visit(value)
        case .binary(_, let left, let right), .index(let left, let right):
            visit(left)
            visit(right)
        case .conditional(let condition, let whole, let otherwise):
            for part in [condition, whole, otherwise] { visit(part) }
        case .tableIndex(let name): addTable(name.text)
        }
    }

    private mutating func add(_ place: MemoryMap.Place) {
        if seenPlaces.insert(place).inserted { places.append(place) }
    }

    private mutating func visit(_ block: Block) {
        for statement in block.statements { visit(statement) }
    }

    private mutating func visit(_ statement: Statement) {
        switch statement.kind {
        case .declare(_, _, let value): if let value { visit(value) }
        case .assign(let target, _, let value):
            visit(target)
            visit(value)
        case .call(let value), .push(let value): visit(value)
        case .instruction(_, let operand): visit(operand)
        case .giveBack(let values): for value in values { visit(value) }
        case .branch(let arms, let otherwise):
            for arm in arms {
                visit(arm.condition)
                visit(arm.body)
            }
            if let otherwise { visit(otherwise) }
        case .whileLoop(let condition, let body):
            visit(condition)
            visit(body)
        case .loop(let body): visit(body)
        case .forLoop(_, let from, let to, let body):
            visit(from)
            visit(to)
            visit(body)
        case .choice(let value, let cases, let otherwise):
            visit(value)
            for item in cases {
                for value in item.values { visit(value) }
                visit(item.body)
            }
            if let otherwise { visit(otherwise) }
        case .label, .leaveLoop, .continueLoop: break
        }
    }

    private mutating func visit(_ operand: InstructionOperand) {
        switch operand {
        case .name(let name): visit(name: name.text)
        case .expression(let value): visit(value)
        case .none, .targets, .signature: break
        }
    }
}
