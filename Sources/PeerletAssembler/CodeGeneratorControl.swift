internal import PeerletBytecode

// Branches and loops.
extension CodeGenerator {
    mutating func branch(
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

    mutating func whileLoop(_ condition: Expression, _ body: Block, _ span: SourceSpan) {
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

    mutating func endlessLoop(_ body: Block, _ span: SourceSpan) {
        let top = emitter.label()
        let end = emitter.label()
        emitter.place(top, at: span, &bag)
        loops.append(Loop(onBreak: end, onContinue: top))
        block(body)
        loops.removeLast()
        emitter.branch(.br, to: top, at: body.end, &bag)
        emitter.place(end, at: body.end, &bag)
    }

    mutating func forLoop(
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

    mutating func choice(
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
}
