internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO
internal import Wire

// Choosing and reaching the next hop: recursive routing with acknowledgements, time-outs from
// measured round trips, and reroutes paid from a reserve (`Spec/node.md` §3.3).
extension Node {
    /// Times a hop tries in all, not counting a busy next hop.
    private static let tryLimit: UInt8 = 6

    mutating func route(_ number: UInt64) {
        guard let course = passages.course(of: number) else { return }
        timers.cancel(.forward(number))
        if course.isDirect {
            if let target = course.hint { return transmit(number, to: target) }
            guard let passage = passages[number] else { return }
            return fail(number, passage, status: .noRoute)
        }
        if course.standsIn, let passage = passages[number] { return actAsRoot(number, passage) }
        if let hint = course.hint, !course.avoided.contains(hint.id), hint.id != handle.id {
            return transmit(number, to: hint)
        }
        let avoided = course.avoided
        switch chord.nextHop(toward: course.destination, avoiding: { avoided.contains($0) }) {
        case .deliverHere: deliver(number)
        case .forward(let next) where next.id == handle.id: deliver(number)
        case .forward(let next): transmit(number, to: next)
        case .unknown:
            passages.update(number) {
                $0.stage = .awaitingRoute
                $0.avoided = []
            }
            timers.set(.reroute(number), at: now.instant + .milliseconds(200))
        }
    }

    mutating func transmit(_ number: UInt64, to next: NodeHandle) {
        let instant = now.instant
        var sent: (body: [UInt8], budget: UInt64, isForwarded: Bool, busyRetries: UInt8)?
        passages.update(number) { passage in
            let reserve = BudgetRules.retryReserve(of: passage.message.budget)
            passage.message.budget -= reserve
            passage.reserve += reserve
            passage.message.remaining = passage.remaining(at: instant)
            passage.sentAt = instant
            passage.stage = .awaitingAcknowledgement(next)
            sent = (
                passage.message.wireBytes, passage.message.budget, passage.previous != nil,
                passage.busyRetries
            )
            passage.message.budget = 0
        }
        guard let sent else { return }
        effects(.send(Frame(kind: FrameKind.route.rawValue, body: sent.body), to: next, .control))
        ledger.send(sent.budget)
        counters.messagesOut &+= 1
        if sent.isForwarded { counters.forwarded &+= 1 }
        timers.set(
            .acknowledgement(number),
            at: instant + patience(for: next, busyRetries: sent.busyRetries)
        )
    }

    /// Until when a hop's acknowledgement is waited for; longer after each BUSY.
    private func patience(for next: NodeHandle, busyRetries: UInt8) -> TimeSpan {
        let measured = chord.timeout(for: next.id)
        return min(max(measured, .milliseconds(100)), configuration.acknowledgementTimeout)
            * UInt64(1 + busyRetries)
    }

    mutating func acknowledged(_ acknowledgement: HopAcknowledgement, by peer: NodeHandle) {
        let key = HopKey(id: acknowledgement.id, attempt: acknowledgement.attempt)
        guard let number = passages.number(of: key, at: peer.id),
            let attempt = passages.attempt(of: number)
        else { return }
        chord.noteRoundTrip(to: peer.id, now.instant.since(attempt.sentAt))
        if let nonce = attempt.request {
            requests.update(nonce) { $0.turns?.acknowledged(by: peer.id) }
        }
        switch acknowledgement.verdict {
        case .accepted, .expired:
            if attempt.reserve > 0, let passage = passages[number] {
                returnReserve(of: number, passage)
            }
            endPassage(number)
        case .stale:
            if let passage = passages[number] { fail(number, passage, status: .stale) }
        case .busy:
            passages.update(number) {
                $0.busyRetries = min($0.busyRetries + 1, 8)
                $0.isBusy = true
            }
            // Responsibility stays where it is: the same hop is asked again, later.
            timers.set(
                .acknowledgement(number),
                at: now.instant
                    + random.jittered(.milliseconds(20) * UInt64(attempt.busyRetries + 1))
            )
        }
    }

    /// No acknowledgement: another hop is tried with what was kept in reserve.
    mutating func acknowledgementOverdue(_ number: UInt64) {
        guard let passage = passages[number],
            case .awaitingAcknowledgement(let next) = passage.stage
        else { return }
        let wasBusy = passage.isBusy
        guard wasBusy || passage.tries + 1 < Self.tryLimit else {
            return fail(number, passage, status: .dead)
        }
        // A stand-in for the root is asked itself or not at all; the next retry asks another.
        if !wasBusy, passage.previous == nil, passage.message.rank > 0, !passage.isDelegated {
            return fail(number, passage, status: .dead)
        }
        counters.reroutes &+= 1
        passages.update(number) { passage in
            passage.renewAttempt()
            passage.message.budget = passage.reserve
            passage.reserve = 0
            passage.isBusy = false
            guard !wasBusy else { return }
            if passage.tries > 0 || connected[next.id] == nil { passage.avoided.append(next.id) }
            passage.tries += 1
        }
        // At a higher rank the next hop was chosen by `refuse`, which chooses again.
        if passage.isDelegated, !wasBusy {
            // Zero if the message was routed on its own after an earlier refusal.
            passages.update(number) { $0.message.rank -= $0.message.rank > 0 ? 1 : 0 }
            return deliver(number)
        }
        if passage.isDelegated { return transmit(number, to: next) }
        route(number)
    }

    /// A message whose root has refused it comes here: this node stands in for it if it is of the
    /// key's replica set, as far as it knows.
    private mutating func actAsRoot(_ number: UInt64, _ passage: Passage) {
        let message = passage.message
        let members = chord.replicaSet(of: message.destination, count: configuration.replicas)
            .members
        guard Int(message.rank) < configuration.replicas,
            members.isEmpty || members.contains(where: { $0.id == handle.id })
        else { return reject(number, passage, status: .unsure) }
        deliver(number)
    }

    /// A message cannot go on from here.
    ///
    /// Only its source says so to anyone; elsewhere the origin's own retry takes over.
    mutating func fail(_ number: UInt64, _ passage: Passage, status: HostError) {
        let message = passage.message
        endPassage(number)
        guard passage.previous == nil else { return }
        if let handle = message.replyHandle {
            if message.flags.contains(.direct), status == .dead || status == .noRoute {
                answerRequest(handle.nonce, status: status)
            }
        } else if message.flags.contains(.direct), let sender = passage.sender {
            var event = UpcallEvent(.undeliverable)
            event.type = message.type
            event.origin = passage.hint
            event.status = status.rawValue
            let fits = applications[sender.instance.application]?.fits(
                .undeliverable,
                payload: message.payload.count
            )
            event.payload = fits == true ? message.payload : []
            _ = post(MailboxEntry(event, .undeliverable), to: sender.instance)
        }
    }
}
