internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO
internal import Wire

// At the root, or at the node a message was sent to: policy, code, range, then `deliver`
// (`Spec/node.md` §3.3).
extension Node {
    mutating func deliver(_ number: UInt64) {
        guard let passage = passages[number] else { return }
        let message = passage.message
        if message.isForSystem { return deliverToSystem(number, passage) }
        switch code(for: number, passage) {
        case .ready(let hosted): deliver(number, passage, to: hosted)
        case .pending: passages.update(number) { $0.stage = .awaitingCode(.deliver) }
        case .refused(let why): refuse(number, passage, why)
        case .unavailable(let why):
            log(
                .warning,
                "code.unavailable",
                ["app": "\(message.application)", "message": "\(message.id)", "why": why]
            )
            reject(number, passage, status: .noSuchApplication)
        }
    }

    private mutating func deliver(
        _ number: UInt64,
        _ passage: Passage,
        to hosted: HostedApplication
    ) {
        let message = passage.message
        if let ranges = hosted.ranges {
            if let stamp = message.stamp {
                guard ranges.accepts(stamp.key, epoch: stamp.epoch, root: message.origin.id) else {
                    counters.staleRejected &+= 1
                    return reject(number, passage, status: .stale)
                }
            } else if !message.flags.contains(.direct),
                ranges.epoch(for: message.destination) == nil
            {
                passages.update(number) { $0.stage = .awaitingRange }
                if message.rank > 0 { doubtPredecessors(of: message.application) }
                let half = passage.deadline.since(now.instant).nanoseconds / 2
                let wait = min(configuration.rangeWait, TimeSpan(nanoseconds: half))
                if !timers.isSet(.rangeWait(number)) {
                    timers.set(.rangeWait(number), at: now.instant + wait)
                }
                return
            }
        }
        guard hosted.exports(.deliver) else {
            return reject(number, passage, status: .notSupported)
        }
        guard hosted.fits(.deliver, payload: message.payload.count) else {
            return reject(number, passage, status: .tooBig)
        }
        var event = upcallEvent(.deliver, for: passage)
        if !message.flags.contains(.direct) {
            event.flags.insert(message.rank == 0 ? .root : .unsure)
        }
        let budget = message.budget
        timers.cancel(.rangeWait(number))
        passages.update(number) {
            $0.stage = .awaitingUpcall(.deliver)
            $0.message.budget = 0
        }
        guard
            post(
                MailboxEntry(
                    event,
                    .deliver(passage: number),
                    budget: budget,
                    stamp: message.stamp
                ),
                to: hosted.instance(for: message)
            )
        else {
            ledger.burn(budget)
            return reject(number, passage, status: .rate)
        }
        counters.delivered &+= 1
    }

    /// The range did not become ours in time.
    mutating func rangeOverdue(_ number: UInt64) {
        guard let passage = passages[number], passage.stage == .awaitingRange else { return }
        reject(number, passage, status: .unsure)
    }

    /// Ends a message that was meant for this node; a request is told why.
    mutating func reject(_ number: UInt64, _ passage: Passage, status: HostError) {
        if let handle = passage.message.replyHandle {
            reply(
                to: handle,
                status: status.rawValue,
                payload: [],
                isLast: true,
                budget: 0,
                hops: passage.message.hops,
                fuel: 0
            )
        }
        endPassage(number)
    }

    /// This node does not run the application: the message's rank rises and the next node of the
    /// replica set acts as root, to the set's end (graceful degradation).
    mutating func refuse(_ number: UInt64, _ passage: Passage, _ why: String) {
        let message = passage.message
        log(
            .info,
            "policy.refused",
            ["app": "\(message.application)", "message": "\(message.id)", "why": why]
        )
        guard !message.flags.contains(.direct) else {
            return reject(number, passage, status: .denied)
        }
        let rank = Int(message.rank) + 1
        let next = neighborhood.successors.first { successor in
            successor.id != handle.id && !passage.avoided.contains(successor.id)
        }
        guard rank < configuration.replicas, let next else {
            return reject(number, passage, status: .denied)
        }
        passages.update(number) {
            $0.message.rank = UInt8(clamping: rank)
            if !$0.isDelegated { $0.renewAttempt() }
            $0.isDelegated = true
        }
        transmit(number, to: next)
    }

    /// Messages of the node itself: a traced lookup is answered with the nodes it passed.
    private mutating func deliverToSystem(_ number: UInt64, _ passage: Passage) {
        let message = passage.message
        if let handle = message.replyHandle {
            var path = message.trace
            if path.isEmpty { path = [self.handle] }
            reply(
                to: handle,
                status: 0,
                payload: path.flatMap(\.wireBytes),
                isLast: true,
                budget: 0,
                hops: message.hops,
                fuel: 0
            )
        }
        endPassage(number)
    }

    /// The event of a message for `forward` and `deliver`.
    func upcallEvent(_ upcall: Upcall, for passage: Passage) -> UpcallEvent {
        let message = passage.message
        var event = UpcallEvent(upcall)
        event.type = message.type
        event.hops = UInt16(message.hops)
        event.key = message.subject
        event.origin = message.origin
        event.previous = passage.previous
        event.sourceApplication = message.sourceApplication ?? message.application
        event.principal = message.principal
        event.messageID = message.id.bytes
        event.replyHandle = message.replyHandle
        event.payload = message.payload
        if passage.previous == nil { event.flags.insert(.source) }
        if message.flags.contains(.direct) { event.flags.insert(.direct) }
        if message.replyHandle != nil { event.flags.insert(.request) }
        if message.flags.contains(.resent) { event.flags.insert(.resent) }
        if message.sourceApplication != nil { event.flags.insert(.foreign) }
        return event
    }
}

extension RoutedMessage {
    /// The application identifier zero is the node's own.
    static let system = ApplicationID(.zero)

    var isForSystem: Bool { application == Self.system }

    /// The range it was sent for; a routed message has none, whatever it carries.
    var stamp: RangeStamp? { flags.contains(.direct) ? range : nil }

    /// The key it is about.
    var subject: Identifier { stamp?.key ?? destination }
}
