internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// A hop accepts a message into a bounded queue and acknowledges, drops duplicates by message id
// and attempt, and chooses the next hop after `forward` (`Spec/node.md` §3).
extension Node {
    mutating func arrive(_ message: RoutedMessage, from peer: NodeHandle) {
        let key = HopKey(id: message.id, attempt: message.attempt)
        guard !duplicates.contains(key) else {
            counters.duplicatesDropped &+= 1
            acknowledge(key, .accepted, to: peer)
            return
        }
        var message = message
        message.remaining = min(
            message.remaining,
            UInt32(clamping: configuration.messageTimeLimit.milliseconds)
        )
        let deadline = now.instant + .milliseconds(UInt64(message.remaining))
        let holder = message.holder(from: peer)
        var verdict = HopAcknowledgement.Verdict.accepted
        if message.timeToLive == 0 || message.remaining == 0 {
            verdict = .expired
            counters.expired &+= 1
        } else if passages.isFull(for: holder) || departure?.isDone == true {
            verdict = .busy
        }
        // Only what is accepted is remembered: after BUSY the same attempt may come again, and what
        // has expired comes to nothing once more.
        if verdict == .accepted,
            !duplicates.insert(key, for: holder, until: deadline, at: now.instant)
        {
            verdict = .busy
        }
        if verdict == .busy { counters.busy &+= 1 }
        acknowledge(key, verdict, to: peer)
        guard verdict == .accepted else { return }
        accept(message, from: peer, until: deadline)
    }

    private mutating func accept(
        _ received: RoutedMessage,
        from peer: NodeHandle,
        until deadline: Instant
    ) {
        var message = received
        ledger.receive(message.budget)
        if message.budget > configuration.ingressBudgetLimit {
            ledger.burn(message.budget - configuration.ingressBudgetLimit)
            message.budget = configuration.ingressBudgetLimit
        }
        message.timeToLive -= 1
        if message.hops < .max { message.hops += 1 }
        if message.flags.contains(.traced) { message.trace.append(handle) }
        if let reply = message.replyHandle {
            let path = ReversePath(origin: reply.origin, nonce: reply.nonce)
            _ = reversePaths.insert(
                path,
                peer,
                for: message.holder(from: peer),
                until: deadline,
                at: now.instant
            )
        }
        var hint: NodeHandle?
        switch fault {
        case .dropsMessages: return ledger.burn(message.budget)
        case .misroutes:
            let near = neighborhood.successors + neighborhood.predecessors
            hint = near.randomElement(using: &random)
        case nil: break
        }
        begin(Passage(message: message, previous: peer, arrived: now.instant, hint: hint))
    }

    /// Starts a passage, of a message from another node or from an instance here.
    @discardableResult
    mutating func begin(_ passage: Passage) -> UInt64 {
        let number = passages.add(passage)
        timers.set(.passage(number), at: passage.deadline)
        if passage.message.flags.contains(.direct) {
            if passage.message.destination == handle.id {
                deliver(number)
            } else {
                route(number)
            }
        } else if passage.message.isForSystem {
            route(number)
        } else {
            considerForward(number)
        }
        return number
    }

    private mutating func acknowledge(
        _ key: HopKey,
        _ verdict: HopAcknowledgement.Verdict,
        to peer: NodeHandle
    ) {
        send(
            .hopAcknowledgement,
            HopAcknowledgement(id: key.id, attempt: key.attempt, verdict: verdict),
            to: peer
        )
    }

    /// Ends a passage; what is left of its fuel is burned.
    mutating func endPassage(_ number: UInt64) {
        timers.cancel(.passage(number))
        timers.cancel(.acknowledgement(number))
        timers.cancel(.forward(number))
        timers.cancel(.reroute(number))
        timers.cancel(.rangeWait(number))
        guard let passage = passages.remove(number) else { return }
        if case .awaitingCode = passage.stage {
            loader.forget(number, of: PackageDigest(passage.message.code.digest))
        }
        ledger.burn(passage.message.budget)
        ledger.burn(passage.reserve)
    }

    mutating func passageExpired(_ number: UInt64) {
        guard let passage = passages[number] else { return }
        // An upcall under way finishes; its report finds the passage gone and is undone.
        counters.expired &+= 1
        fail(number, passage, status: .timeout)
    }
}
