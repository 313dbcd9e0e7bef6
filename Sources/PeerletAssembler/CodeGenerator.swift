internal import PeerletBytecode
internal import Suggestions

/// What a procedure looks like from outside.
struct Signature: Sendable {
    let parameters: Int
    let results: Int
    /// Number in the image; nil if the procedure is left out.
    var function: UInt32?
}

/// Translates procedures; one at a time has state in here.
struct CodeGenerator {
    var definitions: Definitions
    var bag: DiagnosticBag
    var signatures: [Int: Signature] = [:]
    /// Numbers in the image.
    var imports: [String: UInt32] = [:]
    var usedImports: Set<String> = []
    var globalTypes: [Int: MemoryType] = [:]

    // One procedure
    var emitter = CodeEmitter()
    var scopes: [[Local]] = []
    var nextSlot = 0
    var slotCount = 0
    var loops: [Loop] = []
    var labels: [LocalKey: (label: CodeEmitter.Label, span: SourceSpan)] = [:]
    var labelOrder: [LocalKey] = []
    var pinnedLabels: [(label: CodeEmitter.Label, name: Name)] = []
    var resultCount = 0
    var isUpcall = false
    /// Unreachable text was reported, or is meant.
    var isDeadReported = false

    struct LocalKey: Hashable {
        let name: String
        let context: Int32
    }

    struct Local {
        let key: LocalKey
        let slot: UInt32
        let type: MemoryType?
        let span: SourceSpan
    }

    struct Loop {
        let onBreak: CodeEmitter.Label
        let onContinue: CodeEmitter.Label
    }

    init(definitions: Definitions, bag: DiagnosticBag) {
        self.definitions = definitions
        self.bag = bag
    }

    mutating func emit(
        _ opcode: Opcode,
        _ operand: Instruction.Operand = .none,
        pops: Int? = nil,
        pushes: Int? = nil,
        at span: SourceSpan
    ) {
        emitter.emit(opcode, operand, pops: pops, pushes: pushes, at: span, &bag)
    }

    mutating func emitConstant(_ value: Int128, at span: SourceSpan) {
        let pattern = Int64(bitPattern: ConstantArithmetic.pattern(value))
        emit(.const, .constant(pattern), at: span)
    }

    // MARK: Locals

    func local(_ name: some StringProtocol, _ context: Int32) -> Local? {
        let key = LocalKey(name: String(name), context: context)
        for scope in scopes.reversed() {
            if let found = scope.last(where: { $0.key == key }) { return found }
        }
        return nil
    }

    /// Names of locals that text of this context sees.
    func localNames(_ context: Int32) -> [String] {
        scopes.reversed().flatMap { $0.filter { $0.key.context == context }.map(\.key.name) }
    }

    @discardableResult
    mutating func declare(_ name: Name, type: MemoryType?) -> UInt32 {
        if let known = local(name.text, name.span.context) {
            bag.error(
                .duplicate,
                "`\(name.text)` is defined twice",
                at: name.span,
                related: [(known.span, "the first definition")]
            )
            return known.slot
        }
        let slot = takeSlot(at: name.span)
        let key = LocalKey(name: name.text, context: name.span.context)
        scopes[scopes.count - 1].append(Local(key: key, slot: slot, type: type, span: name.span))
        return slot
    }

    /// A local without a name that lives as long as the scope.
    mutating func declareHidden(at span: SourceSpan) -> UInt32 {
        let slot = takeSlot(at: span)
        let key = LocalKey(name: "", context: -1)
        scopes[scopes.count - 1].append(Local(key: key, slot: slot, type: nil, span: span))
        return slot
    }

    private mutating func takeSlot(at span: SourceSpan) -> UInt32 {
        if nextSlot >= BytecodeLimits.locals {
            bag.error(
                .tooManyLocals,
                "more than \(BytecodeLimits.locals) parameters and locals",
                at: span
            )
            return 0
        }
        nextSlot += 1
        slotCount = max(slotCount, nextSlot)
        return UInt32(nextSlot - 1)
    }

    mutating func inScope(_ body: (inout CodeGenerator) -> Void) {
        let slot = nextSlot
        scopes.append([])
        body(&self)
        scopes.removeLast()
        nextSlot = slot
    }

    // MARK: Procedures

    /// The code, with the place of every instruction.
    mutating func generate(
        _ procedure: Procedure,
        _ signature: Signature
    ) -> (body: ProgramImage.FunctionBody, places: [(offset: UInt32, span: SourceSpan)]) {
        emitter = CodeEmitter()
        scopes = []
        nextSlot = 0
        slotCount = 0
        loops = []
        labels = [:]
        labelOrder = []
        pinnedLabels = []
        resultCount = signature.results
        isUpcall = procedure.isUpcall
        isDeadReported = false
        if procedure.isDamaged { emitter.pretend(pushes: 0) }
        inScope { generator in
            for parameter in procedure.parameters {
                let type = parameter.type.flatMap { generator.variableType($0) }
                generator.declare(parameter.name, type: type)
            }
            generator.reserve(procedure.locals, signature.parameters)
            generator.statements(procedure.body)
            generator.finish(procedure)
        }
        let (code, places) = emitter.encode()
        for (label, name) in pinnedLabels {
            guard let found = emitter.misplacement(of: label, places, code.count) else { continue }
            bag.error(
                .outOfRange,
                "label `\(name.text)` is at \(found.actual), not at \(found.asked)",
                at: name.span
            )
        }
        if code.count > BytecodeLimits.functionCode {
            bag.error(
                .tooLarge,
                "the procedure has \(code.count) bytes of code, more than \(BytecodeLimits.functionCode)",
                at: procedure.name.span
            )
        }
        let body = ProgramImage.FunctionBody(
            parameterCount: UInt8(truncatingIfNeeded: signature.parameters),
            resultCount: UInt8(truncatingIfNeeded: signature.results),
            localCount: UInt16(max(slotCount - signature.parameters, 0)),
            code: code
        )
        return (body, places)
    }

    private mutating func reserve(_ count: Expression?, _ parameters: Int) {
        guard let count else { return }
        let limit = UInt64(max(BytecodeLimits.locals - parameters, 0))
        let locals = definitions.unsigned(count, limit: limit, "the number of locals", &bag) ?? 0
        slotCount = max(slotCount, parameters + Int(locals))
    }

    private mutating func finish(_ procedure: Procedure) {
        let known = labelOrder.filter { labels[$0].map { emitter.isPlaced($0.label) } ?? false }
        for key in labelOrder where !bag.isFull {
            guard let entry = labels[key], !emitter.isPlaced(entry.label) else { continue }
            let near = Suggestion.nearest(to: key.name, among: known.map(\.name))
            bag.error(
                .unknownName,
                "there is no label `\(key.name)` in this procedure",
                at: entry.span,
                help: near.map { ["did you mean `\($0)`?"] } ?? []
            )
        }
        for key in labelOrder {
            guard let entry = labels[key], emitter.isUnused(entry.label) else { continue }
            bag.error(.unreachable, "no path leads to label `\(key.name)`", at: entry.span)
        }
        guard let height = emitter.height else { return }
        let end = procedure.body.end
        if isUpcall, height == 0 { emit(.const, .constant(0), at: end) }
        emitReturn(at: end, what: "the procedure ends")
    }

    mutating func emitReturn(at span: SourceSpan, what: String) {
        if let height = emitter.height, height != resultCount, !emitter.isBroken {
            emitter.pretend(pushes: 0)
            bag.error(
                .resultCount,
                "\(what) with \(height) on the stack, its results are \(resultCount)",
                at: span
            )
        }
        emit(.ret, pops: resultCount, pushes: 0, at: span)
    }

    /// The type of what a variable points to, or nil after reporting.
    mutating func variableType(_ syntax: TypeSyntax) -> MemoryType? {
        guard let type = definitions.resolve(syntax, &bag) else { return nil }
        if syntax.isOpen { return .array(type, count: 0) }
        if case .scalar(let scalar) = type {
            bag.error(
                .untyped,
                "a variable holds an address; `\(scalar.rawValue)` alone is no type of one",
                at: syntax.span,
                help: ["write `\(scalar.rawValue)[]` for the address of such numbers"]
            )
            return nil
        }
        return type
    }

    // MARK: Labels

    mutating func namedLabel(_ name: Name) -> CodeEmitter.Label {
        let key = LocalKey(name: name.text, context: name.span.context)
        if let entry = labels[key] { return entry.label }
        let label = emitter.label()
        labels[key] = (label, name.span)
        labelOrder.append(key)
        return label
    }
}
