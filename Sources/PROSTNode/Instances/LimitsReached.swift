internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// What an upcall ran into, as the owner's limits name it (`Spec/policy.md` §6).
extension Node {
    mutating func noteLimits(
        _ report: ExecutionReport,
        _ running: InstanceRecord.Running,
        _ hosted: HostedApplication
    ) {
        var isUndone = true
        if case .completed = report.outcome { isUndone = false }
        for reached in report.limitsReached {
            guard let (limit, used) = figure(reached, running, hosted) else { continue }
            let isLast = reached == report.limitsReached.last
            noteLimit(
                limit,
                of: hosted,
                Upcall(rawValue: report.upcall),
                used: used,
                effect: isUndone && isLast ? .undone : .hostCallRefused
            )
        }
    }

    /// The owner's limit and what would have been used of it in all; nil when only the sender of a
    /// message, or nobody, set a bound.
    private func figure(
        _ reached: LimitReached,
        _ running: InstanceRecord.Running,
        _ hosted: HostedApplication
    ) -> (Limit, UInt64)? {
        let limits = hosted.limits
        switch reached.limit {
        case .fuel:
            if isShortOfBudget(running, hosted) { return nil }
            return (reached.maximum < limits[.upcallFuel] ? .fuelBurst : .upcallFuel, reached.used)
        case .memory: return (.memory, reached.used &* Limit.pageBytes)
        case .callDepth, .stack: return (.callDepth, reached.used)
        case .sends:
            // Fewer than an upcall may send: what is left of the messages of this second.
            guard reached.maximum < limits[.sends] else { return (.sends, reached.used) }
            return (.messages, limits[.messages] &- reached.maximum &+ reached.used)
        case .storeBytes: return (.storage, (hosted.storedBytes ?? 0) &+ reached.used)
        case .timers: return (.timers, limits[.timers] &- reached.maximum &+ reached.used)
        case .requests: return (.requests, limits[.requests] &- reached.maximum &+ reached.used)
        case .logBytes: return (.logBytes, reached.used)
        case .sendBytes, .storeWrites, .watches, .budget: return nil
        }
    }

    /// The upcall had less fuel than its owner allows because its message brought no more.
    func isShortOfBudget(_ running: InstanceRecord.Running, _ hosted: HostedApplication) -> Bool {
        running.entry.budget == 0 && running.lease < hosted.limits[.upcallFuel]
            && running.lease < hosted.limits[.fuelBurst]
    }

    mutating func noteLimit(
        _ limit: Limit,
        of hosted: HostedApplication,
        _ upcall: Upcall?,
        used: UInt64,
        effect: LimitEffect
    ) {
        let record = limitLedger.note(
            limit,
            of: hosted.peerlet.application,
            name: hosted.name,
            upcall: upcall,
            used: used,
            limits: hosted.limits,
            effect: effect,
            at: now.instant
        )
        if let record { log(.warning, "limit.hit", ["record": record.text]) }
    }
}
