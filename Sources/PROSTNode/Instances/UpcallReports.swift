internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import PeerletVM
internal import SansIO

// What follows a report: accepted or undone, its batch made durable, its effects held until then
// (`Spec/node.md` §5).
extension Node {
    mutating func finishUpcall(_ report: ExecutionReport) {
        guard var record = instances[report.instance], let running = record.running,
            running.invocation == report.invocation,
            let hosted = hosted(for: report.instance)
        else {
            effects(
                .finish(
                    invocation: report.invocation,
                    report.instance,
                    isAccepted: false
                )
            )
            return
        }
        record.running = nil
        account(report, &record)
        noteLimits(report, running, hosted)
        let isAccepted = isStillValid(report, running, hosted)
        effects(
            .finish(
                invocation: report.invocation,
                report.instance,
                isAccepted: isAccepted
            )
        )
        // Fuel that a message paid for and the upcall did not use.
        let unused: UInt64?
        if let rest = running.entry.budget {
            let spent = min(report.fuelSpent, running.lease)
            ledger.spend(spent)
            unused = rest + (running.lease - spent)
        } else {
            ledger.inject(report.fuelSpent)
            ledger.spend(report.fuelSpent)
            unused = nil
        }
        instances[report.instance] = record
        if isAccepted {
            let left = unused ?? setAside(for: report, lease: running.lease)
            accept(report, running.entry, left: left, hosted)
        } else {
            undo(report, running, unused: unused, hosted)
        }
        let application = report.instance.application
        for point in report.leases.wanted.sorted()
        where applications[application]?.ranges?.isLeaseNews(point, at: now.instant) == true {
            rangeInput(.leaseWanted(point), application)
        }
        schedule(report.instance)
    }

    /// Fuel for what an upcall sends that no message pays for: taken from the instance's rate like
    /// what it spent itself, out of the lease that was at hand when it began.
    private mutating func setAside(for report: ExecutionReport, lease: UInt64) -> UInt64 {
        let wanted = report.effects.compactMap(\.budgetAsked).reduce(UInt64(0)) { sum, asked in
            let (total, overflow) = sum.addingReportingOverflow(
                asked > 0 ? asked : configuration.localSendBudget
            )
            return overflow ? .max : total
        }
        let amount = min(wanted, lease - min(report.fuelSpent, lease))
        _ = instances[report.instance]?.fuel.takeUpTo(amount, at: now.instant)
        ledger.inject(amount)
        return amount
    }

    private mutating func account(_ report: ExecutionReport, _ record: inout InstanceRecord) {
        _ = record.fuel.takeUpTo(report.fuelSpent, at: now.instant)
        _ = record.messages.takeUpTo(UInt64(report.sendCount), at: now.instant)
        record.usage.fuel &+= report.fuelSpent
        record.usage.nanoseconds &+= report.time.nanoseconds
        record.usage.sends &+= UInt64(report.sendCount)
        record.usage.memoryPages = report.memoryPages
        if report.upcall == Upcall.forward.rawValue { record.usage.forwards &+= 1 }
    }

    /// What an upcall read under leases counts if they still hold under the epochs that it saw:
    /// nobody else can have changed the rows since.
    private func areLeasesHeld(
        _ report: ExecutionReport,
        _ running: InstanceRecord.Running,
        _ ranges: RangeKeeper
    ) -> Bool {
        report.leases.used.allSatisfy { key in
            let seen = running.configured.first { $0.arc.contains(key) }
            let end = ranges.leaseEnd(for: key)
            return ranges.epoch(for: key) == seen?.epoch && end.map { $0 > now.instant } == true
        }
    }

    /// A report is undone when `forward` came too late, its message is gone, or its range has
    /// passed to another epoch.
    private func isStillValid(
        _ report: ExecutionReport,
        _ running: InstanceRecord.Running,
        _ hosted: HostedApplication
    ) -> Bool {
        switch report.outcome {
        case .completed, .notExported: break
        default: return false
        }
        let entry = running.entry
        switch entry.purpose {
        case .forward(let passage) where !awaitsForward(passage): return false
        case .deliver(let passage) where passages[passage] == nil: return false
        default: break
        }
        guard let ranges = hosted.ranges else { return true }
        guard areLeasesHeld(report, running, ranges) else { return false }
        // What another member sent waited for its upcall, and the range may have changed meanwhile.
        if let stamp = entry.stamp, let root = entry.event.origin?.id {
            return ranges.accepts(stamp.key, epoch: stamp.epoch, root: root)
        }
        guard report.epoch != ringEpoch else { return true }
        var points = report.batch.writes.map { ArcScan.position($0.key) }
        switch entry.purpose {
        case .deliver: points.append(entry.event.key)
        case .reply where running.served(entry.event.key): points.append(entry.event.key)
        default: break
        }
        return points.allSatisfy { point in
            guard let point,
                let seen = running.configured.first(where: { $0.arc.contains(point) })
            else { return false }
            return ranges.isCurrent(point, epoch: seen.epoch)
        }
    }

    private mutating func accept(
        _ report: ExecutionReport,
        _ entry: MailboxEntry,
        left: UInt64,
        _ hosted: HostedApplication
    ) {
        let id = report.instance
        // Its verdict counts from here on, also while its writes are on their way to the disk.
        if case .forward(let passage) = entry.purpose { timers.cancel(.forward(passage)) }
        var report = report
        var writes = report.batch
        var growth = report.storeGrowth
        if entry.purpose == .snapshot {
            growth += replaceSnapshot(of: id, by: report, &writes, hosted)
            report.snapshot = nil
        }
        var batch: UInt64?
        if !writes.isEmpty {
            let number = uniqueNumber()
            batches[number] = .instance(id)
            effects(.commit(writes, batch: number))
            batch = number
            let used = applications[id.application]?.storedBytes ?? 0
            let total = changed(used, by: growth)
            applications[id.application]?.storedBytes = total
        }
        let stamp = stamp(for: entry.event, hosted)
        instances[id]?.output.append(
            HeldOutput(
                batch: batch,
                entry: entry,
                report: report,
                stamp: stamp,
                budget: left
            )
        )
        // No upcall is made after one that ended its instance.
        for case .exit(let code) in report.effects {
            retire(id, .exit, because: "it ended with code \(code)")
            break
        }
        releaseOutput(of: id)
    }

    private func changed(_ value: UInt64, by delta: Int64) -> UInt64 {
        let (result, overflow) =
            delta < 0
            ? value.subtractingReportingOverflow(delta.magnitude)
            : value.addingReportingOverflow(delta.magnitude)
        return overflow ? (delta < 0 ? 0 : .max) : result
    }

    /// Nothing of the upcall remains; what caused it is told or tried again.
    private mutating func undo(
        _ report: ExecutionReport,
        _ running: InstanceRecord.Running,
        unused: UInt64?,
        _ hosted: HostedApplication
    ) {
        let id = report.instance
        let entry = running.entry
        var isFault = true
        var status = HostError.fault
        switch report.outcome {
        case .completed, .notExported:
            // Stale: the event goes on as if it had just come.
            isFault = false
            if reroute(entry, unused: unused, id) { return }
        case .trapped(let trap):
            instances[id]?.usage.traps &+= 1
            log(
                .warning,
                "upcall.trapped",
                [
                    "app": hosted.name, "upcall": Upcall(rawValue: report.upcall)?.name ?? "",
                    "trap": "\(trap)",
                ]
            )
        case .exhausted:
            // A message that brings too little fuel is its sender's fault.
            if isShortOfBudget(running, hosted) {
                isFault = false
                status = .noBudget
            }
        case .failed(let why):
            log(.error, "upcall.failed", ["app": hosted.name, "why": why])
        }
        settleUndone(entry, unused: unused, status: status)
        if entry.purpose == .initialize { return stop(id, because: "init failed") }
        if isFault { countFault(id, hosted) }
        if entry.purpose == .restore { refuseSnapshot(of: id, hosted) }
    }

    private mutating func reroute(
        _ entry: MailboxEntry,
        unused: UInt64?,
        _ id: InstanceID
    ) -> Bool {
        switch entry.purpose {
        case .deliver(let passage):
            guard passages[passage] != nil else { return false }
            passages.update(passage) { $0.message.budget += unused ?? 0 }
            counters.staleRejected &+= 1
            if passages[passage]?.message.flags.contains(.direct) == true {
                deliver(passage)
            } else {
                route(passage)
            }
            return true
        case .forward: return false
        default:
            var again = entry
            again.budget = unused
            instances[id]?.putBack(again)
            return true
        }
    }

    private mutating func settleUndone(
        _ entry: MailboxEntry,
        unused: UInt64?,
        status: HostError = .fault
    ) {
        switch entry.purpose {
        case .forward(let passage): forwarded(passage, nil, unused: unused ?? 0)
        case .deliver(let number):
            guard let passage = passages[number] else { return ledger.burn(unused ?? 0) }
            ledger.burn(unused ?? 0)
            reject(number, passage, status: status)
        case .client(let nonce):
            ledger.burn(unused ?? 0)
            answerRequest(nonce, status: status)
        default: ledger.burn(unused ?? 0)
        }
    }

    mutating func settleUndone(_ entries: [MailboxEntry]) {
        for entry in entries { settleUndone(entry, unused: entry.budget) }
    }
}
