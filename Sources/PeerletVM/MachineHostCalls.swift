package import PeerletBytecode

/// Why `Machine.resume` came back, without what there is to know about it.
package enum Pause: Hashable, Sendable {
    /// See `Machine.result`.
    case finished
    /// A paid host call waits for `answerHostCall` or `trapHostCall`.
    case host(HostCall)
    /// The next block, bulk operation or host call costs so much and nothing of it was done.
    case needsFuel(UInt64)
    /// See `Machine.trap`.
    case trapped
}

extension Machine {
    /// Runs until the entry point returns, a host call, a trap, or the fuel does not suffice.
    package func run() -> Exit {
        switch resume() {
        case .finished: .finished(results: results)
        case .host(let call): .host(call)
        case .needsFuel(let price): .needsFuel(price)
        case .trapped: .trapped(trap)
        }
    }

    /// As `run`, with nothing allocated.
    package func resume() -> Pause {
        switch status {
        case .ready: execute()
        case .trapping: endTrap()
        case .idle, .trapped: .trapped
        case .awaitingHost: .host(waiting.call)
        case .finished: .finished
        }
    }

    /// A result of the activation that finished; 0 where there is none.
    package func result(_ index: Int) -> Int64 {
        guard status == .finished, index >= 0, index < resultCount else { return 0 }
        return unsafe Int64(bitPattern: stack.cells[index])
    }

    /// All of them.
    package var results: [Int64] { (0..<resultCount).map { result($0) } }

    /// What ended the activation.
    package var trap: Trap {
        lastTrap ?? Trap(kind: .stopped, backtrace: backtrace(isInside: false))
    }

    /// Argument of the waiting host call; 0 when there is no such argument.
    package func hostArgument(_ index: Int) -> Int64 {
        guard status == .awaitingHost, index >= 0, index < waiting.parameters else { return 0 }
        return unsafe Int64(bitPattern: hostCells[index])
    }

    private var waiting: RegisterCode.Import { unsafe code.imports[state.pointee.pc.index(8)] }

    /// Arguments of the waiting host call, and where its result goes.
    private var hostCells: Cells { unsafe state.pointee.cells + state.pointee.pc.index(10) }

    /// Ends the waiting host call with its result.
    package func answerHostCall(_ result: Int64) {
        guard status == .awaitingHost else { return }
        unsafe hostCells[0] = UInt64(bitPattern: result)
        unsafe state.pointee.pc += 16
        status = .ready
    }

    /// Ends the activation at the waiting host call; the call stays paid.
    package func trapHostCall(_ kind: TrapKind) -> Trap { abort(kind) }

    /// Ends the activation where the machine stands: at a host call, a fuel stop or the start.
    package func abort(_ kind: TrapKind) -> Trap {
        if status == .trapped, let lastTrap { return lastTrap }
        let place = status == .trapping ? lastTrap?.backtrace : nil
        return fail(kind, place ?? backtrace(isInside: false))
    }

    @discardableResult
    func fail(_ kind: TrapKind, _ backtrace: Backtrace) -> Trap {
        let trap = Trap(kind: kind, backtrace: backtrace)
        lastTrap = trap
        status = .trapped
        owed = 0
        return trap
    }
}
