internal import PeerletBytecode

extension CodeGenerator {
    /// `Event(x)`: the struct, if the callee is one.
    func castType(_ name: Name) -> MemoryType? {
        guard case .structure(let index) = definitions.symbol(name.text) else { return nil }
        return .structure(index)
    }

    mutating func generateCast(
        _ type: MemoryType,
        _ name: Name,
        _ arguments: [Expression]
    ) -> MemoryType? {
        guard arguments.count == 1 else {
            bag.error(
                .argumentCount,
                "a cast has one operand, \(arguments.count) given",
                at: name.span
            )
            emitter.pretend(pushes: 1)
            return nil
        }
        generate(arguments[0])
        return type
    }

    /// Who is called.
    private enum Callee {
        case procedure(Signature)
        case host(HostCallInfo)
        case instruction(OpcodeInfo)

        var results: Int {
            switch self {
            case .procedure(let signature): signature.results
            case .host: 1
            case .instruction(let info): info.pushes
            }
        }
    }

    /// Results of a call, nil if the callee is unknown.
    func resultCount(ofCall name: Name) -> Int? { callee(name)?.results }

    private func callee(_ name: Name) -> Callee? {
        if case .procedure(let index) = definitions.symbol(name.text) {
            return signatures[index].map(Callee.procedure)
        }
        if let call = HostABI.call(named: name.text) { return .host(HostABI.info(call)) }
        if let opcode = OpcodeTable.opcode(mnemonic: name.text) {
            let info = OpcodeTable.info(opcode)
            if info.operand == .offset || (info.operand == .none && opcode != .ret) {
                return .instruction(info)
            }
        }
        return nil
    }

    /// Arguments and call; `results` is what the place needs, nil if any number will do.
    mutating func generateCall(
        _ name: Name,
        _ arguments: [Expression],
        results: Int?,
        at span: SourceSpan
    ) {
        guard let callee = callee(name) else {
            reportUnknownCallee(name)
            for argument in arguments { checkOnly(argument) }
            emitter.pretend(pushes: results ?? 0)
            return
        }
        if let results, callee.results != results {
            bag.error(
                .resultCount,
                "`\(name.text)` has \(callee.results) results, \(results) needed here",
                at: span
            )
            emitter.pretend(pushes: results)
            return
        }
        switch callee {
        case .procedure(let signature):
            let given = generateArguments(arguments)
            check(given, signature.parameters, name, signature.results, span)
            emit(
                .call,
                .index(signature.function ?? 0),
                pops: signature.parameters,
                pushes: signature.results,
                at: span
            )
        case .host(let info):
            let given = generateArguments(arguments)
            check(given, info.parameters.count, name, 1, span, shape: info.parameters)
            emitHost(info, at: span, named: name)
        case .instruction(let info): generateInstruction(info, arguments, name, span)
        }
    }

    /// Translates an argument of an unknown callee, for its own errors only.
    private mutating func checkOnly(_ argument: Expression) {
        if case .spanOf = argument.kind { return }
        generate(argument)
        if emitter.isReachable { emit(.drop, at: argument.span) }
    }

    /// Number of cells pushed.
    private mutating func generateArguments(_ arguments: [Expression]) -> Int {
        var count = 0
        for argument in arguments {
            if case .spanOf(let operand) = argument.kind {
                generateSpan(operand, at: argument.span)
                count += 2
            } else {
                generate(argument)
                count += 1
            }
        }
        return count
    }

    private mutating func generateSpan(_ operand: Expression, at span: SourceSpan) {
        switch operand.kind {
        case .string(let bytes):
            generate(operand)
            emitConstant(Int128(bytes.count), at: span)
            return
        case .name(let name):
            if local(name, operand.span.context) == nil,
                case .data(let index) = definitions.symbol(name)
            {
                generate(operand)
                let size = definitions.size(ofData: index, &bag) ?? 0
                emitConstant(Int128(size), at: span)
                return
            }
        default: break
        }
        bag.error(
            .wrongKind,
            "`span` needs a string or the name of data or bss",
            at: operand.span
        )
        emitter.pretend(pushes: 2)
    }

    private mutating func check(
        _ given: Int,
        _ needed: Int,
        _ name: Name,
        _ results: Int,
        _ span: SourceSpan,
        shape: [String] = []
    ) {
        guard given != needed else { return }
        var notes: [String] = []
        if !shape.isEmpty { notes = ["\(name.text)(\(shape.joined(separator: ", ")))"] }
        var related: [(SourceSpan, String)] = []
        if let definition = definitions.span(of: name.text) {
            related = [(definition, "defined here")]
        }
        bag.error(
            .argumentCount,
            "`\(name.text)` takes \(needed) argument\(needed == 1 ? "" : "s"), \(given) given",
            at: span,
            related: related,
            notes: notes
        )
        emitter.pretend(pushes: max(needed - given, 0))
    }

    mutating func emitHost(_ info: HostCallInfo, at span: SourceSpan, named name: Name) {
        guard let index = imports[info.name] else {
            bag.error(
                .notImported,
                "`\(info.name)` is not imported",
                at: name.span,
                help: ["add `import \(info.name)`; the imports are the peerlet's capabilities"]
            )
            emitter.pretend(pushes: 1)
            return
        }
        usedImports.insert(info.name)
        emit(.host, .index(index), pops: info.parameters.count, pushes: 1, at: span)
    }

    private mutating func generateInstruction(
        _ info: OpcodeInfo,
        _ arguments: [Expression],
        _ name: Name,
        _ span: SourceSpan
    ) {
        var operand = Instruction.Operand.none
        var values = arguments
        if info.operand == .offset {
            operand = .offset(0)
            if arguments.count == info.pops + 1, let last = values.popLast() {
                guard isConstant(last) else {
                    bag.error(
                        .notConstant,
                        "the offset of `\(name.text)` must be constant",
                        at: last.span,
                        help: ["add it to the address instead"]
                    )
                    emitter.pretend(pushes: info.pushes)
                    return
                }
                operand = .offset(self.offset(last))
            }
        }
        let given = generateArguments(values)
        check(given, info.pops, name, info.pushes, span)
        emit(info.opcode, operand, at: span)
    }

    /// A constant offset of 32 bits; 0 after reporting.
    mutating func offset(_ expression: Expression) -> UInt32 {
        let limit = UInt64(UInt32.max)
        let value = definitions.unsigned(expression, limit: limit, "the offset", &bag)
        return UInt32(truncatingIfNeeded: value ?? 0)
    }

    private mutating func reportUnknownCallee(_ name: Name) {
        if local(name.text, name.span.context) != nil {
            bag.error(.wrongKind, "`\(name.text)` is a local, not a procedure", at: name.span)
            return
        }
        if case .macro = definitions.symbol(name.text) {
            bag.error(
                .wrongKind,
                "macro `\(name.text)` is used before its definition, or with a space before `(`",
                at: name.span
            )
            return
        }
        if let symbol = definitions.symbol(name.text) {
            bag.error(
                .wrongKind,
                "`\(name.text)` is \(symbol.description), not a procedure",
                at: name.span
            )
            return
        }
        if OpcodeTable.opcode(mnemonic: name.text) != nil {
            bag.error(
                .wrongKind,
                "`\(name.text)` cannot be called; write it as an instruction",
                at: name.span
            )
            return
        }
        let program = definitions.program
        let hostCalls = HostABI.rows.map(\.name)
        let known =
            program.procedures.map(\.name.text) + hostCalls + OpcodeTable.rows.map(\.mnemonic)
            + definitions.names
        let help = definitions.help(for: name.text, among: known)
        let isHost = name.text.contains(".")
        bag.error(
            isHost ? .unknownHostCall : .unknownName,
            isHost ? "the host has no call `\(name.text)`" : "there is no procedure `\(name.text)`",
            at: name.span,
            help: help
        )
    }
}
