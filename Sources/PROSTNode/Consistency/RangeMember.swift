package import KBR
internal import PeerletRuntime
internal import SansIO

/// A chosen configuration that a node has not yet confirmed to know.
struct Announcement: Sendable {
    var token: UInt64
    var arc: RingInterval
    var configuration: Configuration
    var node: NodeHandle
    var attempts = 0
    var next: Instant
}

/// An arc that a leaving node asked this one to take over.
struct Invitation: Sendable {
    var arc: RingInterval
    var from: Identifier
}

// What a node does for others: the acceptor's rules of `Spec/consistency.md` §4.

extension RangeKeeper {
    /// Continuations kept for others at a time; what comes above is dropped and will be repeated.
    private static let maximumPending = 256

    mutating func receive(_ message: RangeMessage, from sender: NodeHandle) {
        guard sender.id != local.id else { return }
        let pending = reads.count + inFlight.reduce(0) { $0 + $1.then.count }
        switch message {
        case .discovered(PredecessorInquiry.notice, let word) where word.isRefusal:
            if isNear(sender.id) { hosting[sender.id] = false }
        case .discovered, .promised, .refused, .summary, .rows, .staged, .accepted:
            receiveAnswer(message, from: sender)
        case .committed(let token):
            announcements.removeAll { $0.token == token && $0.node.id == sender.id }
        case _ where pending >= Self.maximumPending: return
        case .prepare(_, let arc, _), .stage(_, let arc, _, _, _), .accept(_, let arc, _, _),
            .commit(_, let arc, _):
            let isNear = isNear(sender.id)
            guard map.hasRoom(for: arc, askedBy: sender.id, isNear: isNear) else { return }
            let time = promiseTime(arc, for: sender.id)
            // What would be refused or ignored anyway waits for nothing.
            if time > now, let ballot = message.proposal, ballot.proposer == sender.id,
                highestPromise(arc) <= ballot
            {
                return wait(for: time, message, from: sender)
            }
            change(message, from: sender)
        case .discover(let token, let arc):
            send(.discovered(token: token, discovery(of: arc)), to: sender)
        case .summarize(let token, let arc):
            readDigest(arc, then: .answerDigest(token: token, sender))
        case .fetch(let token, let arc, let after):
            readRows(arc, after: after, then: .answerRows(token: token, after: after, sender))
        case .takeOver(let arc): takeOver(arc, from: sender)
        case .lease(let token, let arc, let ballot): grant(token, arc, ballot, to: sender)
        case .leased(let token): receiveLease(token, from: sender.id)
        case .release(let arc, let ballot): released(arc, ballot, by: sender)
        }
    }

    private mutating func change(_ message: RangeMessage, from sender: NodeHandle) {
        switch message {
        case .prepare(let token, let arc, let ballot):
            prepare(token, arc, ballot, sender)
        case .stage(let token, let arc, let ballot, let after, let page):
            stage(token, arc, ballot, after, page, sender)
        case .accept(let token, let arc, let configuration, let base):
            accept(token, arc, configuration, base, sender)
        case .commit(let token, let arc, let configuration):
            learn(arc, configuration, then: .reply(.committed(token: token), sender))
        default: break
        }
    }

    /// What a node that does not host the application answers; nil: nothing.
    package static func refusal(
        of message: RangeMessage,
        successors: [NodeHandle]
    ) -> RangeMessage? {
        guard case .discover(let token, _) = message else { return nil }
        return .discovered(token: token, .refusal(successors: successors))
    }

    private func discovery(of arc: RingInterval) -> Discovery {
        let acquired = unservedArcs.contains { !$0.intersection(arc).isEmpty }
        return Discovery(
            hosts: !isLeaving,
            isAcquiring: acquired,
            segments: Array(map.overlapping(arc).prefix(RangeMessage.maximumSegments)),
            successors: neighborhood.successors
        )
    }

    /// The highest ballot promised anywhere in `arc`; of what was forgotten where nothing is known.
    func highestPromise(_ arc: RingInterval) -> Ballot {
        let known = map.overlapping(arc)
        let highest = known.map(\.promised).max() ?? .none
        return Arcs.covers(known.map(\.arc), arc) ? highest : max(highest, map.forgotten)
    }

    private mutating func prepare(
        _ token: UInt64,
        _ arc: RingInterval,
        _ ballot: Ballot,
        _ sender: NodeHandle
    ) {
        guard ballot.proposer == sender.id else { return }
        let highest = highestPromise(arc)
        guard highest <= ballot else {
            send(.refused(token: token, highest), to: sender)
            return
        }
        map.update(arc, fillingGaps: true) { $0.promised = ballot }
        let segments = Array(map.overlapping(arc).prefix(RangeMessage.maximumSegments))
        let answer = RangeMessage.promised(token: token, ballot, segments)
        if faults.promisesEarly {
            send(answer, to: sender)
        }
        map.forgetOldest(local: local.id)
        persist(StoreBatch(), then: .reply(answer, sender))
    }

    private mutating func stage(
        _ token: UInt64,
        _ arc: RingInterval,
        _ ballot: Ballot,
        _ after: [UInt8]?,
        _ page: RowPage,
        _ sender: NodeHandle
    ) {
        guard ballot.proposer == sender.id, isWellFormed(page, of: arc, after: after) else {
            return
        }
        let highest = highestPromise(arc)
        guard highest <= ballot else {
            send(.refused(token: token, highest), to: sender)
            return
        }
        // A late repeat: the configuration already takes changes, which must not be undone.
        guard map.overlapping(arc).allSatisfy({ $0.current?.ballot != ballot }) else { return }
        let replacement = Replacement(
            arc: arc,
            ballot: ballot,
            after: after,
            page: page,
            purpose: .staged(token: token, sender)
        )
        change(arc, fillingGaps: true, then: .replace(replacement)) {
            $0.promised = ballot
            $0.holdsRows = true
        }
    }

    /// Rows ascend within the arc from `after`; a page with more to come is not empty.
    func isWellFormed(_ page: RowPage, of arc: RingInterval, after: [UInt8]?) -> Bool {
        var previous = after
        for row in page.rows {
            guard let point = ArcScan.position(row.key), arc.contains(point) else { return false }
            if let last = previous, !ArcScan.precedes(last, row.key, from: arc.lower) {
                return false
            }
            previous = row.key
        }
        return !page.hasMore || !page.rows.isEmpty
    }

    private mutating func accept(
        _ token: UInt64,
        _ arc: RingInterval,
        _ configuration: Configuration,
        _ base: Configuration?,
        _ sender: NodeHandle
    ) {
        let ballot = configuration.ballot
        guard ballot.proposer == sender.id else { return }
        let highest = highestPromise(arc)
        guard highest <= ballot else {
            send(.refused(token: token, highest), to: sender)
            return
        }
        let answer = RangeMessage.accepted(token: token, arc: arc)
        acceptLocally(arc, configuration, base, then: .reply(answer, sender))
    }

    mutating func acceptLocally(
        _ arc: RingInterval,
        _ configuration: Configuration,
        _ base: Configuration?,
        then: Continuation
    ) {
        let isMember = configuration.includes(local.id)
        change(arc, fillingGaps: true, then: then) { segment in
            segment.promised = configuration.ballot
            guard segment.current?.ballot != configuration.ballot else { return }
            segment.current = configuration
            segment.isCommitted = false
            segment.base = base
            segment.installed = []
            if isMember { segment.holdsRows = true }
        }
    }

    /// Learns that `configuration` was chosen for `arc`.
    mutating func learn(
        _ arc: RingInterval,
        _ configuration: Configuration,
        then: Continuation?
    ) {
        let isMember = configuration.includes(local.id)
        // Whoever told may fall before it tells the others, and then this node is missed too.
        if isLeaving, !isMember, !hasPassedOn(configuration, arc) {
            announce(arc, configuration, to: configuration.members)
        }
        change(arc, fillingGaps: false, then: then) { segment in
            if segment.current?.ballot == configuration.ballot {
                segment.isCommitted = true
                segment.base = nil
                return
            }
            // A member without the data must not pass for one that has it.
            guard !isMember, configuration.ballot > segment.current?.ballot ?? .none else { return }
            segment.current = configuration
            segment.isCommitted = true
            segment.base = nil
            segment.installed = []
            segment.promised = max(segment.promised, configuration.ballot)
        }
    }

    // MARK: Telling what was chosen

    mutating func announce(
        _ arc: RingInterval,
        _ configuration: Configuration,
        to nodes: [NodeHandle]
    ) {
        var told: Set<Identifier> = [local.id]
        for node in nodes where told.insert(node.id).inserted && announcements.count < 128 {
            announcements.append(
                Announcement(
                    token: random.next(),
                    arc: arc,
                    configuration: configuration,
                    node: node,
                    next: now
                )
            )
        }
    }

    private func hasPassedOn(_ configuration: Configuration, _ arc: RingInterval) -> Bool {
        Arcs.covers(
            map.overlapping(arc).filter { $0.current == configuration }.map(\.arc),
            arc
        )
    }

    /// Whether a majority of its members can no longer miss that `configuration` was chosen, as far
    /// as this node has to tell them.
    func isKnown(_ configuration: Configuration) -> Bool {
        let untold = announcements.filter { $0.configuration.ballot == configuration.ballot }
        let told = Set(configuration.members.map(\.id)).subtracting(untold.map(\.node.id))
        return configuration.isMajority(told)
    }

    mutating func repeatAnnouncements() {
        for index in announcements.indices where announcements[index].next <= now {
            let entry = announcements[index]
            send(
                .commit(token: entry.token, arc: entry.arc, entry.configuration),
                to: entry.node
            )
            announcements[index].attempts += 1
            announcements[index].next = now + .seconds(1)
        }
        announcements.removeAll { $0.attempts > 5 }
    }
}
