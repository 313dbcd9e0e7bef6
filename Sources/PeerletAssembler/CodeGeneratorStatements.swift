internal import PeerletBytecode
internal import Suggestions

extension CodeGenerator {
    mutating func block(_ block: Block) {
        inScope { $0.statements(block) }
    }

    mutating func statements(_ block: Block) {
        for statement in block.statements {
            if bag.isFull { return }
            noteReachability(statement)
            generate(statement)
        }
    }

    private mutating func noteReachability(_ statement: Statement) {
        if case .label = statement.kind { return }
        if emitter.isReachable {
            isDeadReported = false
        } else if !isDeadReported {
            isDeadReported = true
            bag.warning(
                .unreachable,
                "this is never reached and not translated",
                at: statement.span
            )
        }
    }

    mutating func generate(_ statement: Statement) {
        let span = statement.span
        switch statement.kind {
        case .declare(let names, let type, let value): declaration(names, type, value, span)
        case .assign(let target, let sign, let value): assign(target, sign, value, span)
        case .call(let call): callForEffect(call)
        case .push(let value): generate(value)
        case .instruction(let opcode, let operand): instruction(opcode, operand, span)
        case .label(let name, let offset): placeLabel(name, offset)
        case .giveBack(let values): giveBack(values, span)
        case .branch(let arms, let otherwise): branch(arms, otherwise, span)
        case .whileLoop(let condition, let body): whileLoop(condition, body, span)
        case .loop(let body): endlessLoop(body, span)
        case .forLoop(let name, let from, let to, let body): forLoop(name, from, to, body, span)
        case .choice(let value, let cases, let otherwise): choice(value, cases, otherwise, span)
        case .leaveLoop, .continueLoop:
            guard let loop = loops.last else {
                bag.error(.outsideLoop, "this is not inside of a loop", at: span)
                return
            }
            if case .leaveLoop = statement.kind {
                emitter.branch(.br, to: loop.onBreak, at: span, &bag)
            } else {
                emitter.branch(.br, to: loop.onContinue, at: span, &bag)
            }
        }
    }

    private mutating func placeLabel(_ name: Name, _ offset: Expression?) {
        let label = namedLabel(name)
        if emitter.isPlaced(label) {
            bag.error(.duplicate, "label `\(name.text)` is defined twice", at: name.span)
            return
        }
        emitter.place(label, assuming: 0, at: name.span, &bag)
        guard let offset else { return }
        let limit = UInt64(BytecodeLimits.functionCode)
        guard let value = definitions.unsigned(offset, limit: limit, "the offset", &bag) else {
            return
        }
        emitter.pin(label, at: Int(value))
        pinnedLabels.append((label, name))
    }

    // MARK: Values

    private mutating func declaration(
        _ names: [Name],
        _ syntax: TypeSyntax?,
        _ value: Expression?,
        _ span: SourceSpan
    ) {
        var type = syntax.flatMap { variableType($0) }
        if names.count > 1 {
            guard case .call(let callee, let arguments) = value?.kind else {
                if value != nil {
                    bag.error(
                        .resultCount,
                        "several locals need a call that has as many results",
                        at: span
                    )
                }
                for name in names { declareZero(name, type: type) }
                return
            }
            generateCall(callee, arguments, results: names.count, at: span)
            let slots = names.map { declare($0, type: type) }
            for slot in slots.reversed() { emit(.localSet, .index(slot), at: span) }
            return
        }
        guard let name = names.first else { return }
        guard let value else { return declareZero(name, type: type) }
        let inferred = generate(value)
        if syntax == nil { type = inferred }
        let slot = declare(name, type: type)
        emit(.localSet, .index(slot), at: span)
    }

    private mutating func declareZero(_ name: Name, type: MemoryType?) {
        let slot = declare(name, type: type)
        emit(.const, .constant(0), at: name.span)
        emit(.localSet, .index(slot), at: name.span)
    }

    private mutating func assign(
        _ target: Expression,
        _ sign: BinaryOperator?,
        _ value: Expression,
        _ span: SourceSpan
    ) {
        if case .name(let name) = target.kind, !name.contains(".") {
            if let local = local(name, target.span.context) {
                return assign(.localGet, .localSet, local.slot, sign, value, span)
            }
            if case .global(let index) = definitions.symbol(name) {
                return assign(.globalGet, .globalSet, UInt32(index), sign, value, span)
            }
            guard let symbol = definitions.symbol(name) else {
                let near = Suggestion.nearest(to: name, among: localNames(target.span.context))
                let help =
                    near.map { "did you mean `\($0)`?" } ?? "`let \(name) = …` makes a new local"
                bag.error(
                    .unknownName,
                    "`\(name)` is not defined",
                    at: target.span,
                    help: [help]
                )
                return
            }
            bag.error(
                .notAssignable,
                "`\(name)` is \(symbol.description) and cannot be assigned to",
                at: target.span
            )
            return
        }
        guard let place = memoryTarget(target) else { return }
        guard case .scalar(let scalar) = place.type else {
            bag.error(
                .notAssignable,
                "only numbers can be assigned to; this is a struct or an array",
                at: target.span,
                help: ["copy it with memory.copy(to, from, size)"]
            )
            emitter.pretend(pushes: -1)
            return
        }
        let offset = Instruction.Operand.offset(UInt32(truncatingIfNeeded: place.offset))
        if let sign, let opcode = sign.opcode {
            emit(.dup, at: span)
            emit(scalar.load, offset, at: target.span)
            generate(value)
            emit(opcode, at: span)
        } else {
            generate(value)
        }
        emit(scalar.store, offset, at: span)
    }

    private mutating func memoryTarget(_ target: Expression) -> Place? {
        switch target.kind {
        case .name, .field, .index:
            guard let place = place(target) else {
                emitter.pretend(pushes: -1)
                return nil
            }
            return place
        default:
            bag.error(.notAssignable, "this cannot be assigned to", at: target.span)
            return nil
        }
    }

    private mutating func assign(
        _ get: Opcode,
        _ set: Opcode,
        _ index: UInt32,
        _ sign: BinaryOperator?,
        _ value: Expression,
        _ span: SourceSpan
    ) {
        if sign != nil { emit(get, .index(index), at: span) }
        generate(value)
        if let opcode = sign?.opcode { emit(opcode, at: span) }
        emit(set, .index(index), at: span)
    }

    private mutating func callForEffect(_ call: Expression) {
        guard case .call(let name, let arguments) = call.kind else { return }
        if castType(name) != nil {
            bag.error(.misplaced, "a cast alone has no effect", at: call.span)
            return
        }
        let results = resultCount(ofCall: name)
        generateCall(name, arguments, results: nil, at: call.span)
        for _ in 0..<(results ?? 0) { emit(.drop, at: call.span) }
    }

    private mutating func giveBack(_ values: [Expression], _ span: SourceSpan) {
        if values.count == 1, case .call(let name, let arguments) = values[0].kind,
            castType(name) == nil, let results = resultCount(ofCall: name), results == resultCount
        {
            generateCall(name, arguments, results: nil, at: values[0].span)
        } else {
            for value in values { generate(value) }
        }
        emitReturn(at: span, what: "this returns")
    }
}
