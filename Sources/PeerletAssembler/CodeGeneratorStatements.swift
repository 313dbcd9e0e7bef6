internal import PeerletBytecode

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

    private mutating func generate(_ statement: Statement) {
        let span = statement.span
        switch statement.kind {
        case .declare(let names, let type, let value): declaration(names, type, value, span)
        case .assign(let target, let sign, let value): assign(target, sign, value, span)
        case .call(let call): callForEffect(call)
        case .push(let value): generate(value)
        case .instruction(let opcode, let operand): instruction(opcode, operand, span)
        case .label(let name): placeLabel(name)
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

    private mutating func placeLabel(_ name: Name) {
        let label = namedLabel(name)
        if emitter.isPlaced(label) {
            bag.error(.duplicate, "label `\(name.text)` is defined twice", at: name.span)
            return
        }
        emitter.place(label, assuming: 0, at: name.span, &bag)
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

    // MARK: Control

    private mutating func branch(
        _ arms: [(condition: Expression, body: Block)],
        _ otherwise: Block?,
        _ span: SourceSpan
    ) {
        let end = emitter.label()
        for (index, arm) in arms.enumerated() {
            let next = emitter.label()
            let isLast = index == arms.count - 1 && otherwise == nil
            jump(unless: arm.condition, to: isLast ? end : next)
            generateSilently(arm.body)
            if !isLast {
                emitter.branch(.br, to: end, at: arm.body.end, &bag)
                emitter.place(next, at: arm.body.end, &bag)
            } else {
                emitter.place(end, at: arm.body.end, &bag)
                return
            }
        }
        guard let otherwise else { return }
        generateSilently(otherwise)
        emitter.place(end, at: otherwise.end, &bag)
    }

    /// A body that a constant condition may have made unreachable on purpose.
    private mutating func generateSilently(_ body: Block) {
        if !emitter.isReachable { isDeadReported = true }
        block(body)
    }

    private mutating func whileLoop(_ condition: Expression, _ body: Block, _ span: SourceSpan) {
        let top = emitter.label()
        let end = emitter.label()
        emitter.place(top, at: span, &bag)
        jump(unless: condition, to: end)
        loops.append(Loop(onBreak: end, onContinue: top))
        generateSilently(body)
        loops.removeLast()
        emitter.branch(.br, to: top, at: body.end, &bag)
        emitter.place(end, at: body.end, &bag)
    }

    private mutating func endlessLoop(_ body: Block, _ span: SourceSpan) {
        let top = emitter.label()
        let end = emitter.label()
        emitter.place(top, at: span, &bag)
        loops.append(Loop(onBreak: end, onContinue: top))
        block(body)
        loops.removeLast()
        emitter.branch(.br, to: top, at: body.end, &bag)
        emitter.place(end, at: body.end, &bag)
    }

    private mutating func forLoop(
        _ name: Name,
        _ from: Expression,
        _ to: Expression,
        _ body: Block,
        _ span: SourceSpan
    ) {
        inScope { generator in
            generator.generate(from)
            let limit = generator.isConstant(to) ? nil : generator.declareHidden(at: to.span)
            if let limit {
                generator.generate(to)
                generator.emit(.localSet, .index(limit), at: to.span)
            }
            let slot = generator.declare(name, type: nil)
            generator.emit(.localSet, .index(slot), at: span)
            let top = generator.emitter.label()
            let step = generator.emitter.label()
            let end = generator.emitter.label()
            generator.emitter.place(top, at: span, &generator.bag)
            generator.emit(.localGet, .index(slot), at: span)
            if let limit {
                generator.emit(.localGet, .index(limit), at: span)
            } else {
                generator.generate(to)
            }
            generator.emit(.ltS, at: span)
            generator.emitter.branch(.brIfZero, to: end, at: span, &generator.bag)
            generator.loops.append(Loop(onBreak: end, onContinue: step))
            generator.block(body)
            generator.loops.removeLast()
            generator.emitter.place(step, at: span, &generator.bag)
            generator.emit(.localGet, .index(slot), at: span)
            generator.emit(.const, .constant(1), at: span)
            generator.emit(.add, at: span)
            generator.emit(.localSet, .index(slot), at: span)
            generator.emitter.branch(.br, to: top, at: body.end, &generator.bag)
            generator.emitter.place(end, at: body.end, &generator.bag)
        }
    }

    private mutating func choice(
        _ value: Expression,
        _ cases: [(values: [Expression], body: Block)],
        _ otherwise: Block?,
        _ span: SourceSpan
    ) {
        let end = emitter.label()
        let other = emitter.label()
        let labels = cases.map { _ in emitter.label() }
        var targets: [(value: Int64, label: CodeEmitter.Label, span: SourceSpan)] = []
        var seen: [Int64: SourceSpan] = [:]
        for (item, label) in zip(cases, labels) {
            for expression in item.values {
                guard let constant = definitions.evaluate(expression, &bag) else { continue }
                let key = Int64(bitPattern: ConstantArithmetic.pattern(constant))
                if let first = seen.updateValue(expression.span, forKey: key) {
                    bag.error(
                        .duplicate,
                        "the case \(constant) is given twice",
                        at: expression.span,
                        related: [(first, "the first")]
                    )
                }
                targets.append((key, label, expression.span))
            }
        }
        inScope { $0.dispatch(value, targets, other, span) }
        for (item, label) in zip(cases, labels) {
            emitter.place(label, at: item.body.end, &bag)
            generateSilently(item.body)
            emitter.branch(.br, to: end, at: item.body.end, &bag)
        }
        emitter.place(other, at: otherwise?.end ?? span, &bag)
        if let otherwise { generateSilently(otherwise) }
        emitter.place(end, at: span, &bag)
    }

    /// Goes to the case of the value.
    private mutating func dispatch(
        _ value: Expression,
        _ targets: [(value: Int64, label: CodeEmitter.Label, span: SourceSpan)],
        _ other: CodeEmitter.Label,
        _ span: SourceSpan
    ) {
        generate(value)
        if let table = denseTable(targets, other) {
            if table.lowest != 0 {
                emit(.const, .constant(table.lowest), at: span)
                emit(.sub, at: span)
            }
            emitter.branchTable(table.labels, otherwise: other, at: span, &bag)
            return
        }
        let slot = declareHidden(at: span)
        emit(.localSet, .index(slot), at: span)
        for target in targets {
            emit(.localGet, .index(slot), at: target.span)
            emit(.const, .constant(target.value), at: target.span)
            emit(.eq, at: target.span)
            emitter.branch(.brIf, to: target.label, at: target.span, &bag)
        }
        emitter.branch(.br, to: other, at: span, &bag)
    }

    private func denseTable(
        _ targets: [(value: Int64, label: CodeEmitter.Label, span: SourceSpan)],
        _ other: CodeEmitter.Label
    ) -> (lowest: Int64, labels: [CodeEmitter.Label])? {
        guard targets.count >= 4, let lowest = targets.map(\.value).min(),
            let highest = targets.map(\.value).max()
        else { return nil }
        let (range, overflow) = highest.subtractingReportingOverflow(lowest)
        guard !overflow, range < Int64(BytecodeLimits.branchTargets),
            range < Int64(targets.count) * 2 + 8
        else { return nil }
        // From zero if that costs no more than the subtraction.
        let start =
            lowest > 0 && lowest <= 4 && highest < Int64(BytecodeLimits.branchTargets) ? 0 : lowest
        var labels = [CodeEmitter.Label](repeating: other, count: Int(highest - start) + 1)
        for target in targets { labels[Int(target.value - start)] = target.label }
        return (start, labels)
    }

    // MARK: Instructions

    private mutating func instruction(
        _ opcode: Opcode,
        _ operand: InstructionOperand,
        _ span: SourceSpan
    ) {
        switch (OpcodeTable.info(opcode).operand, operand) {
        case (.none, _):
            if opcode == .ret { return emitReturn(at: span, what: "this returns") }
            emit(opcode, at: span)
        case (.trapCode, .expression(let value)):
            let code = definitions.unsigned(value, limit: 255, "the trap code", &bag)
            emit(opcode, .trapCode(UInt8(truncatingIfNeeded: code ?? 0)), at: span)
        case (.constant, .expression(let value)):
            guard let constant = definitions.evaluate(value, &bag) else {
                return emitter.pretend(pushes: 1)
            }
            emitConstant(constant, at: span)
        case (.offset, .expression(let value)): emit(opcode, .offset(offset(value)), at: span)
        case (.offset, _): emit(opcode, .offset(0), at: span)
        case (.local, _): localInstruction(opcode, operand, span)
        case (.global, _): globalInstruction(opcode, operand, span)
        case (.function, .name(let name)): callInstruction(name, span)
        case (.hostImport, .name(let name)):
            guard let call = HostABI.call(named: name.text) else {
                return reportUnknownHostCall(name)
            }
            emitHost(HostABI.info(call), at: span, named: name)
        case (.target, .name(let name)):
            emitter.branch(opcode, to: namedLabel(name), at: span, &bag)
        case (.targets, .targets(let names, let otherwise)):
            if names.count > BytecodeLimits.branchTargets {
                bag.error(.tooLarge, "more than \(BytecodeLimits.branchTargets) targets", at: span)
            }
            let targets = names.map { namedLabel($0) }
            emitter.branchTable(targets, otherwise: namedLabel(otherwise), at: span, &bag)
        case (.signature, .signature(let parameters, let results)):
            let limit = UInt64(BytecodeLimits.parameters)
            let taken = definitions.unsigned(parameters, limit: limit, "the parameters", &bag) ?? 0
            let given =
                definitions.unsigned(
                    results,
                    limit: UInt64(BytecodeLimits.results),
                    "the results",
                    &bag
                ) ?? 0
            emit(
                opcode,
                .signature(parameters: UInt8(taken), results: UInt8(given)),
                pops: Int(taken) + 1,
                pushes: Int(given),
                at: span
            )
        default: break
        }
    }

    private mutating func localInstruction(
        _ opcode: Opcode,
        _ operand: InstructionOperand,
        _ span: SourceSpan
    ) {
        switch operand {
        case .name(let name):
            if let local = local(name.text, name.span.context) {
                return emit(opcode, .index(local.slot), at: span)
            }
            definitions.unknown(name.text, at: name.span, &bag, more: localNames(name.span.context))
            let info = OpcodeTable.info(opcode)
            emitter.pretend(pushes: info.pushes - info.pops)
        case .expression(let value):
            let limit = UInt64(BytecodeLimits.locals - 1)
            let index = definitions.unsigned(value, limit: limit, "the local", &bag) ?? 0
            // A bare number makes the frame as large as it needs to be.
            slotCount = max(slotCount, Int(index) + 1)
            emit(opcode, .index(UInt32(index)), at: span)
        default: break
        }
    }

    private mutating func globalInstruction(
        _ opcode: Opcode,
        _ operand: InstructionOperand,
        _ span: SourceSpan
    ) {
        let count = definitions.program.globals.count
        switch operand {
        case .name(let name):
            guard case .global(let index) = definitions.symbol(name.text) else {
                return reportUnknown(name.text, name.span)
            }
            emit(opcode, .index(UInt32(index)), at: span)
        case .expression(let value):
            guard count > 0 else {
                bag.error(.outOfRange, "the program has no globals", at: value.span)
                return
            }
            let index = definitions.unsigned(value, limit: UInt64(count - 1), "the global", &bag)
            emit(opcode, .index(UInt32(index ?? 0)), at: span)
        default: break
        }
    }

    private mutating func callInstruction(_ name: Name, _ span: SourceSpan) {
        guard case .procedure(let index) = definitions.symbol(name.text),
            let signature = signatures[index]
        else {
            let known = definitions.program.procedures.map(\.name.text)
            let near = Suggestion.nearest(to: name.text, among: known)
            bag.error(
                .unknownName,
                "there is no procedure `\(name.text)`",
                at: name.span,
                help: near.map { ["did you mean `\($0)`?"] } ?? []
            )
            return emitter.pretend(pushes: 0)
        }
        emit(
            .call,
            .index(signature.function ?? 0),
            pops: signature.parameters,
            pushes: signature.results,
            at: span
        )
    }

    mutating func reportUnknownHostCall(_ name: Name) {
        let near = Suggestion.nearest(to: name.text, among: HostABI.rows.map(\.name))
        bag.error(
            .unknownHostCall,
            "the host has no call `\(name.text)`",
            at: name.span,
            help: near.map { ["did you mean `\($0)`?"] } ?? []
        )
        emitter.pretend(pushes: 0)
    }
}
