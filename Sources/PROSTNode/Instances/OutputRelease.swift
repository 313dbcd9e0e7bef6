internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// Output commit: the effects of upcalls leave in order, each after its batch is durable
// (`Spec/node.md` §5).
extension Node {
    mutating func batchCommitted(_ batch: UInt64, _ error: StoreError?) {
        guard let owner = batches.removeValue(forKey: batch) else { return }
        if let error { log(.error, "store.commit_failed", ["error": "\(error)"]) }
        switch owner {
        case .node: break
        case .formed: if error == nil { formedIsDurable() }
        case .range(let application, let number):
            if error == nil {
                rangeInput(.durable(number), application)
                recountStore(of: application)
            }
        case .instance(let id):
            guard error == nil else { return restart(id) }
            instances[id]?.output.batchIsDurable(batch)
            releaseOutput(of: id)
            schedule(id)
        }
    }

    /// A commit failed: what was held is dropped and the instance begins again from the store,
    /// unless that happens again and again.
    private mutating func restart(_ id: InstanceID) {
        if instances[id]?.isStopping == true { return ended(id) }
        guard isRunning(id), let hosted = applications[id.application] else { return }
        countFault(id, hosted)
        guard isRunning(id) else { return }
        stop(id, because: "its store could not be written")
        if applications[id.application]?.storedBytes != nil {
            applications[id.application]?.storedBytes = nil
            effects(.readUsage(id.application))
        }
        instances[id]?.mayBeginAgain = true
        _ = ensureInstance(id, .restored)
    }

    mutating func releaseOutput(of id: InstanceID) {
        while let output = instances[id]?.output.popReady() { release(output, of: id) }
    }

    private mutating func release(_ output: HeldOutput, of id: InstanceID) {
        guard let hosted = hosted(for: id) else { return ledger.burn(output.budget) }
        noteServed(output, by: id.application)
        let (shares, left) = divide(output)
        for (index, effect) in output.report.effects.enumerated() {
            carryOut(effect, share: shares[index], of: output, by: id, hosted)
        }
        if case .completed(let result) = output.report.outcome {
            conclude(output, result: result, id, hosted)
        } else {
            conclude(output, result: 0, id, hosted)
        }
        settle(output, left)
    }

    /// Fuel for each effect: messages share what the upcall left.
    ///
    /// `forward` pays for what it sends with half of that and gives the rest back to its message.
    private func divide(_ output: HeldOutput) -> (shares: [UInt64], left: UInt64) {
        let effects = output.report.effects
        let sends = effects.indices.filter { effects[$0].budgetAsked != nil }
        let divided = BudgetRules.shares(
            of: output.entry.isForward ? output.budget / 2 : output.budget,
            asked: sends.map { effects[$0].budgetAsked ?? 0 }
        )
        var shares = [UInt64](repeating: 0, count: effects.count)
        for (position, index) in sends.enumerated() { shares[index] = divided[position] }
        return (shares, output.budget - divided.reduce(0, +))
    }

    private mutating func carryOut(
        _ effect: PeerletEffect,
        share: UInt64,
        of output: HeldOutput,
        by id: InstanceID,
        _ hosted: HostedApplication
    ) {
        switch effect {
        case .send(let message): send(message, budget: share, for: output, by: id, hosted)
        case .request(let token, let message, let timeout):
            request(
                message,
                token: token,
                timeout: timeout,
                budget: share,
                for: output,
                by: id,
                hosted
            )
        case .reply(let handle, let status, let payload, let isLast):
            answer(handle, status, payload, isLast: isLast, for: output, by: id.application)
        case .setTimer(let timer, let delay, let period, let cookie):
            instances[id]?.timers[timer] = InstanceRecord.Timer(cookie: cookie, period: period)
            timers.set(.instance(id, timer: timer), at: now.instant + delay)
        case .cancelTimer(let timer):
            instances[id]?.timers[timer] = nil
            timers.cancel(.instance(id, timer: timer))
        case .watch(let node, let isOn): watch(node, isOn, by: id)
        case .clientPush(let client, let type, let payload):
            push(payload, type: type, to: client, from: id.application)
        case .log(let level, let text): write(text, level, by: id, hosted, output)
        case .count(let name, let delta):
            count(String(decoding: name, as: UTF8.self), delta, of: id)
        case .spawn(let application, let key, let argument):
            spawn(
                application ?? id.application,
                key,
                argument,
                budget: share,
                for: output,
                by: id,
                hosted
            )
        case .checkpoint: requestSnapshot(of: id, hosted)
        case .exit: break
        }
    }

    /// Bytes that a line counts beside its text.
    private static let logLineOverhead: UInt64 = 64

    /// A peerlet's line for the owner's log, within the bytes that it may write there.
    private mutating func write(
        _ text: [UInt8],
        _ level: UInt8,
        by id: InstanceID,
        _ hosted: HostedApplication,
        _ output: HeldOutput
    ) {
        var bucket = applications[id.application]?.log ?? hosted.log
        let length = UInt64(text.count) + Self.logLineOverhead
        let isWithin = bucket.take(length, at: now.instant)
        // Of an application that has gone, what ends its last instances has a burst of its own.
        applications[id.application]?.log = bucket
        instances[id]?.retiring?.log = bucket
        guard isWithin else {
            return noteLimit(
                .log,
                of: hosted,
                Upcall(rawValue: output.report.upcall),
                used: length,
                effect: .lineDropped
            )
        }
        log(
            NodeEvent.Level(rawValue: min(level, 3)) ?? .info,
            "peerlet.log",
            ["app": hosted.name, "text": String(decoding: text, as: UTF8.self)]
        )
    }

    /// Named counters that an instance may have.
    private static let counterLimit = 64

    private mutating func count(_ name: String, _ delta: Int64, of id: InstanceID) {
        guard let counters = instances[id]?.usage.counters,
            counters[name] != nil || counters.count < Self.counterLimit
        else { return }
        instances[id]?.usage.counters[name, default: 0] &+= delta
    }

    private mutating func watch(_ node: NodeHandle, _ isOn: Bool, by id: InstanceID) {
        if isOn {
            instances[id]?.watched.insert(node.id)
            watchers[node.id, default: []].insert(id)
        } else {
            instances[id]?.watched.remove(node.id)
            unwatch(node.id, by: id)
        }
    }

    mutating func unwatch(_ node: Identifier, by id: InstanceID) {
        watchers[node]?.remove(id)
        if watchers[node]?.isEmpty == true { watchers[node] = nil }
    }

    /// What follows the upcall itself: the message goes on, or is done.
    private mutating func conclude(
        _ output: HeldOutput,
        result: Int64,
        _ id: InstanceID,
        _ hosted: HostedApplication
    ) {
        switch output.entry.purpose {
        case .initialize:
            if result < 0 {
                stop(id, because: "init refused with \(result)")
            } else {
                hasBegun(id)
            }
        case .restore:
            if result == 0 { hasBegun(id) } else { refuseSnapshot(of: id, hosted) }
        case .deliver(let number):
            if output.report.outcome == .notExported, let passage = passages[number] {
                reject(number, passage, status: .notSupported)
            } else {
                endPassage(number)
            }
        case .client(let nonce) where output.report.outcome == .notExported:
            answerRequest(nonce, status: .notSupported)
        default: break
        }
    }

    private mutating func settle(_ output: HeldOutput, _ left: UInt64) {
        if case .forward(let number) = output.entry.purpose {
            forwarded(number, output.report.verdict, unused: left)
        } else {
            ledger.burn(left)
        }
    }
}

extension MailboxEntry {
    var isForward: Bool {
        if case .forward = purpose { true } else { false }
    }
}

extension PeerletEffect {
    /// Fuel that it asks to send along, 0 for a share of what there is; nil if it carries none.
    var budgetAsked: UInt64? {
        switch self {
        case .send(let message), .request(_, let message, _): message.budget
        case .spawn: 0
        default: nil
        }
    }

    /// Whether it counts against the application's messages per second.
    var isSend: Bool {
        switch self {
        case .send, .request, .reply, .clientPush, .spawn: true
        default: false
        }
    }
}

extension ExecutionReport {
    var sendCount: Int { effects.count { $0.isSend } }
}
