internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// The `forward` upcall at source, hop and root, by hop mode (`Spec/node.md` §3.2). It has little
// time and fuel: the message passes unchanged when either is short.
extension Node {
    mutating func considerForward(_ number: UInt64) {
        guard let passage = passages[number] else { return }
        let message = passage.message
        guard !message.flags.contains(.silent) else { return route(number) }
        switch message.hopMode {
        case .none: route(number)
        case .resident:
            guard let hosted = applications[message.application],
                isRunning(hosted.instance(for: message))
            else { return route(number) }
            forward(number, with: hosted)
        case .demand:
            switch code(for: number, passage) {
            case .ready(let hosted): forward(number, with: hosted)
            case .pending:
                passages.update(number) { $0.stage = .awaitingCode(.forward) }
                limitForward(number, passage)
            case .refused, .unavailable: route(number)
            }
        }
    }

    private mutating func limitForward(_ number: UInt64, _ passage: Passage) {
        let half = passage.deadline.since(now.instant).nanoseconds / 2
        let limit = min(configuration.forwardTimeLimit, TimeSpan(nanoseconds: half))
        timers.set(.forward(number), at: now.instant + limit)
    }

    private mutating func forward(_ number: UInt64, with hosted: HostedApplication) {
        guard let passage = passages[number], hosted.exports(.forward),
            hosted.fits(.forward, payload: passage.message.payload.count)
        else { return route(number) }
        let message = passage.message
        let lease = min(hosted.limits[.upcallFuel], message.budget / 2)
        var event = upcallEvent(.forward, for: passage)
        switch chord.nextHop(toward: message.destination, avoiding: { _ in false }) {
        case .deliverHere: event.flags.insert(.root)
        case .forward(let next): event.next = passage.hint ?? next
        case .unknown: event.flags.insert(.unsure)
        }
        guard lease > 0 else { return route(number) }
        passages.update(number) {
            $0.stage = .awaitingUpcall(.forward)
            $0.message.budget -= lease
        }
        guard
            post(
                MailboxEntry(event, .forward(passage: number), budget: lease),
                to: hosted.instance(for: message)
            )
        else {
            passages.update(number) { $0.message.budget += lease }
            return route(number)
        }
        counters.forwardUpcalls &+= 1
        limitForward(number, passage)
    }

    /// The message goes on unchanged; a report that comes later is undone.
    mutating func forwardOverdue(_ number: UInt64) {
        guard let stage = passages[number]?.stage,
            stage == .awaitingUpcall(.forward) || stage == .awaitingCode(.forward)
        else { return }
        route(number)
    }

    /// Whether the verdict of this passage's `forward` still counts.
    func awaitsForward(_ number: UInt64) -> Bool {
        passages[number]?.stage == .awaitingUpcall(.forward)
    }

    /// Carries out what `forward` decided, once its writes are durable.
    mutating func forwarded(_ number: UInt64, _ verdict: ForwardVerdict?, unused: UInt64) {
        guard awaitsForward(number) else { return ledger.burn(unused) }
        timers.cancel(.forward(number))
        let verdict = verdict ?? ForwardVerdict()
        passages.update(number) { passage in
            passage.message.budget += unused
            if verdict.decision == .proceedSilently { passage.message.flags.insert(.silent) }
            guard verdict.decision != .stop else { return }
            // On a new way it may pass nodes again, which must not take it for a repetition.
            if verdict.key != nil || verdict.next != nil { passage.renewAttempt() }
            if verdict.key != nil || verdict.next != nil {
                // Who was to be asked, or to stand in, was so for the old way.
                passage.hint = nil
                passage.message.rank = 0
            }
            if let key = verdict.key { passage.message.destination = key }
            if let payload = verdict.payload { passage.message.payload = payload }
            if let type = verdict.type { passage.message.type = type }
            if let next = verdict.next { passage.hint = next }
        }
        if verdict.decision == .stop {
            endPassage(number)
        } else {
            route(number)
        }
    }
}
