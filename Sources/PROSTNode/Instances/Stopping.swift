internal import KBR
internal import PeerletRuntime
internal import SansIO

// An instance stops: at once, for good or until it begins anew (`Spec/node.md` §4.1).
extension Node {
    /// Repeated faults stop an instance, with a record of why.
    mutating func countFault(_ id: InstanceID, _ hosted: HostedApplication) {
        guard var record = instances[id], !record.isStopping else { return }
        let window = configuration.faultWindow
        record.faults = record.faults.filter { now.instant.since($0) < window } + [now.instant]
        let isOver = record.faults.count >= configuration.faultLimit
        instances[id] = record
        if isOver {
            stop(id, because: "\(record.faults.count) faults in \(window.milliseconds / 1000) s")
        }
    }

    /// Remembers why the latest few stopped; keyed instances would else fill the table.
    private mutating func forgetStopped(_ id: InstanceID) {
        stoppedInstances.removeAll { $0 == id }
        stoppedInstances.append(id)
        guard stoppedInstances.count > Self.stoppedLimit else { return }
        let oldest = stoppedInstances.removeFirst()
        if !isRunning(oldest) { instances[oldest] = nil }
    }

    private static let stoppedLimit = 256

    /// Ends an instance; everything it holds is given back at once.
    mutating func stop(_ id: InstanceID, because reason: String) {
        guard let record = instances[id] else { return }
        log(
            record.isStopping ? .info : .warning,
            "instance.stopped",
            ["app": "\(id.application)", "why": reason]
        )
        releaseHoldings(of: id)
        admission.release(id)
        let work = takeWork(of: id)
        let waiting = instances[id]?.mailbox.removeAll() ?? []
        instances[id]?.becomeStopped(because: reason)
        forgetStopped(id)
        settleUndone(work)
        settleUndone(waiting)
        hasStopped(id)
    }

    /// Its timers, watches and open requests.
    mutating func releaseHoldings(of id: InstanceID) {
        cancelTimers(of: id)
        for node in instances[id]?.watched ?? [] { unwatch(node, by: id) }
        instances[id]?.watched = []
        for nonce in requests.nonces(where: { $0.isInstance(id) }) { dropRequest(nonce) }
    }

    mutating func cancelTimers(of id: InstanceID) {
        for timer in (instances[id]?.timers ?? [:]).keys {
            timers.cancel(.instance(id, timer: timer))
        }
        instances[id]?.timers = [:]
        for timer in [NodeTimer.refill(id), .idle(id), .ending(id)] { timers.cancel(timer) }
    }

    /// Takes away what an instance has under way, to be undone once it is something else: the
    /// upcall that runs, and outputs not yet durable.
    mutating func takeWork(of id: InstanceID) -> [MailboxEntry] {
        var work = (instances[id]?.output.removeAll() ?? []).map { output in
            var entry = output.entry
            entry.budget = output.budget
            return entry
        }
        if let running = instances[id]?.running {
            var entry = running.entry
            entry.budget = entry.budget.map { $0 + running.lease }
            work.append(entry)
        }
        instances[id]?.running = nil
        instances[id]?.needsFreshMachine = true
        effects(.dropInstance(id))
        return work
    }
}
