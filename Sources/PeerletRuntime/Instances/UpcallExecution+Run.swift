internal import KBR
internal import PeerletBytecode
internal import PeerletVM
internal import SansIO

// The way of one upcall from its start to its report.
extension UpcallExecution {
    /// Opens the activation and writes the event into the inbox.
    func start(_ entry: EntryPoint) throws(UpcallStartError) {
        let layout = invocation.peerlet.program.image.memory
        guard entry.parameterCount == upcall.parameterCount, entry.resultCount == 1 else {
            throw .parameters
        }
        let payload = invocation.event.payload.count
        let needed = EventBlock.headerByteCount + payload
        guard EventBlock.fits(upcall, payload: payload, in: layout) else {
            throw .inbox(needed: needed, capacity: layout.inboxCapacity)
        }
        _ = machine.drainFuel()
        do {
            try machine.start(entry)
        } catch {
            throw .machine(error)
        }
        setArguments(inbox: Int64(layout.inboxAddress))
        guard EventBlock.isNeeded(by: upcall) else { return }
        let isWritten = machine.overwrite(UInt64(layout.inboxAddress), count: needed) { block in
            EventBlock.write(
                invocation.event,
                wallMilliseconds: invocation.now.wall.milliseconds,
                epoch: invocation.ring.epoch,
                to: &block
            )
        }
        guard isWritten else {
            machine.undoActivation()
            throw .inbox(needed: needed, capacity: layout.inboxCapacity)
        }
    }

    private func setArguments(inbox: Int64) {
        let (status, timer) = (invocation.event.status, invocation.event.timer)
        switch upcall {
        case .initialize, .stop: machine.setArgument(0, status)
        case .forward, .deliver, .reply, .undeliverable, .update, .client, .restore:
            machine.setArgument(0, inbox)
        case .timer:
            machine.setArgument(0, status)
            machine.setArgument(1, Int64(truncatingIfNeeded: timer))
        case .clientGone:
            machine.setArgument(0, Int64(truncatingIfNeeded: invocation.event.client))
        case .snapshot:
            machine.setArgument(0, inbox + Int64(EventBlock.newArcOffset))
            machine.setArgument(1, inbox + Int64(EventBlock.newArcOffset + 32))
            machine.setArgument(2, status)
        }
    }

    /// Runs for about `slice` fuel more; nil when that is used up.
    ///
    /// What a slice leaves over adds up, so that a step which costs more than one slice
    /// is reached after several.
    func run(slice: UInt64) -> ExecutionReport? {
        lease.grant(max(slice, 1), to: machine)
        while true {
            switch machine.resume() {
            case .finished: return completed(machine.result(0))
            case .trapped: return trapped(machine.trap)
            case .needsFuel(let price):
                return lease.canCover(price, for: machine) ? nil : exhausted(needed: price)
            case .host(let call):
                if let report = answer(call) { return report }
            }
        }
    }

    private func answer(_ call: HostCall) -> ExecutionReport? {
        do {
            machine.answerHostCall(try perform(call))
        } catch {
            switch error {
            case .refused(let code): machine.answerHostCall(code.rawValue)
            case .trap(let kind): return trapped(machine.trapHostCall(kind))
            case .exhausted(let needed): return exhausted(needed: needed)
            case .store(let reason): return undone(.failed(reason.description), .stopped)
            }
        }
        return nil
    }

    /// Ends the upcall from outside.
    func stop(_ kind: TrapKind) -> ExecutionReport { trapped(machine.abort(kind)) }

    private func report(_ outcome: ExecutionReport.Outcome) -> ExecutionReport {
        var report = ExecutionReport(of: invocation)
        report.outcome = outcome
        report.fuelSpent = lease.spent(by: machine)
        report.instructions = machine.instructionsExecuted
        report.memoryPages = machine.memoryPages
        report.undoPages = machine.undoPages
        report.limitsReached = limitsReached
        report.leases = leases
        return report
    }

    private func completed(_ result: Int64) -> ExecutionReport {
        noteMemory()
        var report = report(.completed(result: result))
        report.batch = store.batch
        report.storeGrowth = store.growth
        report.effects = effects
        if upcall == .forward {
            verdict.decision = ForwardVerdict.Decision(rawValue: result) ?? .proceed
            report.verdict = verdict
        }
        if upcall == .snapshot, result >= 0 { report.snapshot = snapshotParts }
        return report
    }

    private func trapped(_ trap: Trap) -> ExecutionReport {
        noteMemory()
        switch trap.kind {
        case .stackOverflow: noteLast(.stack, maximum: UInt64(clamping: limits.stackCells))
        case .callDepth: noteLast(.callDepth, maximum: UInt64(clamping: limits.callDepth))
        default: break
        }
        return report(.trapped(trap))
    }

    private func exhausted(needed: UInt64) -> ExecutionReport {
        let taken = lease.total - min(lease.total, lease.remaining(of: machine))
        let (used, overflow) = taken.addingReportingOverflow(needed)
        note(.fuel, used: overflow ? .max : used, maximum: lease.total)
        return undone(.exhausted, .outOfFuel)
    }

    private func undone(_ outcome: ExecutionReport.Outcome, _ kind: TrapKind) -> ExecutionReport {
        noteMemory()
        var report = report(outcome)
        report.backtrace = machine.abort(kind).backtrace
        return report
    }

    /// A limit that the machine itself found exceeded, by one.
    private func noteLast(_ limit: ResourceLimit, maximum: UInt64) {
        note(limit, used: maximum + 1, maximum: maximum)
    }

    private func noteMemory() {
        guard let pages = machine.refusedPages else { return }
        let quota = min(limits.memoryPages, machine.program.image.memory.maximumPages)
        note(.memory, used: pages, maximum: UInt64(quota))
    }
}

extension ExecutionReport {
    /// For an invocation that its lane does not know.
    static func unknown(_ invocation: UInt64) -> ExecutionReport {
        var report = ExecutionReport(
            invocation: invocation,
            instance: InstanceID(application: ApplicationID(.zero)),
            upcall: 0,
            epoch: 0
        )
        report.outcome = .failed("no such invocation")
        return report
    }

    var isCompleted: Bool {
        if case .completed = outcome { true } else { false }
    }
}
