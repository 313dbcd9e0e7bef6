internal import PeerletBytecode
internal import Suggestions

// Instructions written as such, with their operands.
extension CodeGenerator {
    mutating func instruction(
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
