internal import PeerletBytecode

extension Machine {
    /// Runs until the entry point returns, a host call, a trap, or the fuel does not suffice.
    package func run() -> Exit {
        switch status {
        case .idle: return .trapped(Trap(kind: .stopped, backtrace: backtrace()))
        case .awaitingHost(let call, _): return .host(call)
        case .ended(let exit): return exit
        case .ready: break
        }
        let before = fuel
        let stop = execute()
        spend(before - fuel)
        switch stop {
        case .finished(let count):
            let exit = Exit.finished(results: stack.copy(0..<count))
            frames = []
            sp = 0
            status = .ended(exit)
            return exit
        case .needsFuel(let price): return .needsFuel(price)
        case .host(let item):
            let binding = program.code.imports[item]
            status = .awaitingHost(binding.call, parameters: binding.parameters)
            return .host(binding.call)
        case .trapped(let kind):
            refund()
            return .trapped(end(kind))
        }
    }

    /// Argument of the waiting host call; 0 when there is no such argument.
    package func hostArgument(_ index: Int) -> Int64 {
        guard case .awaitingHost(_, let parameters) = status,
            index >= 0, index < parameters
        else { return 0 }
        return stack.cells[sp - parameters + index]
    }

    /// Ends the waiting host call with its result.
    package func answerHostCall(_ result: Int64) {
        guard case .awaitingHost(_, let parameters) = status else { return }
        sp -= parameters
        stack.cells[sp] = result
        sp += 1
        pc += 1
        status = .ready
    }

    /// Ends the activation at the waiting host call; the call stays paid.
    package func trapHostCall(_ kind: TrapKind) -> Trap { abort(kind) }

    /// Ends the activation where the machine stands: at a host call, a fuel stop or the start.
    package func abort(_ kind: TrapKind) -> Trap {
        if case .ended(.trapped(let trap)) = status { return trap }
        return end(kind)
    }

    private func end(_ kind: TrapKind) -> Trap {
        let trap = Trap(kind: kind, backtrace: backtrace())
        status = .ended(.trapped(trap))
        return trap
    }

    /// Gives back the price of the block's instructions after the trapping one.
    private func refund() {
        var index = pc + 1
        let code = program.code.instructions
        var price: UInt64 = 0
        while index < code.count, !code[index].operation.isOwnBlock,
            let opcode = code[index].operation.opcode
        {
            price += UInt64(OpcodeTable.info(opcode).price)
            instructionsExecuted -= 1
            index += 1
        }
        fuel += price
        fuelSpent -= min(price, fuelSpent)
    }

    private func backtrace() -> Backtrace {
        var locations: [CodeLocation] = []
        var index = pc
        for frame in frames.reversed().prefix(Backtrace.limit) {
            locations.append(
                CodeLocation(
                    function: UInt32(truncatingIfNeeded: frame.function),
                    offset: program.code.offsets[index]
                )
            )
            // The instruction before the return point is the call.
            index = frame.returnIndex - 1
        }
        return Backtrace(frames: locations, omitted: max(0, frames.count - Backtrace.limit))
    }
}
