package import KBR
internal import PeerletRuntime
package import SansIO

// Leases of a root for reads from its own rows (`Spec/consistency.md` §4.8).

/// As a member: until then no ballot of another proposer is promised in the arc.
struct LeaseGrant: Sendable {
    var arc: RingInterval
    var ballot: Ballot
    var until: Instant
}

/// As a root: what the members of one of its configurations have granted.
struct LeaseHolding: Sendable {
    var arc: RingInterval
    var configuration: Configuration
    /// Upcalls asked for it lately, so it is renewed.
    var wantedUntil: Instant
    var nextRequest: Instant
    /// The last requests, newest last: an answer may come after the next has been sent.
    var asked: [(token: UInt64, at: Instant)] = []
    var ends: [Identifier: Instant] = [:]
}

enum LeaseTiming {
    static let duration = TimeSpan.seconds(1)
    /// What the root counts with of it: clocks may differ by an eighth.
    static let usable = TimeSpan.milliseconds(875)
    static let renewal = TimeSpan.milliseconds(300)
    /// How long a lease is renewed after it was last used.
    static let interest = TimeSpan.seconds(5)
    /// With less of it left another use counts.
    static let renewalOfInterest = TimeSpan.seconds(3)
    /// Requests of other proposers kept until a grant ends.
    static let maximumDeferred = 32
}

extension RangeKeeper {
    // MARK: The root

    /// Until when this node may answer for `key` from its own rows; nil: not now.
    package func leaseEnd(for key: Identifier) -> Instant? {
        guard let segment = map.segment(at: key), segment.isServing, let current = segment.current
        else { return nil }
        if current.members.count == 1 { return Instant(nanoseconds: .max) }
        guard let holding = holding(of: key, under: current) else { return nil }
        let ends = holding.ends.values.sorted(by: >)
        let needed = current.members.count / 2
        return ends.count >= needed ? ends[needed - 1] : nil
    }

    private func holding(of key: Identifier, under current: Configuration) -> LeaseHolding? {
        leases.first { $0.configuration.ballot == current.ballot && $0.arc.contains(key) }
    }

    /// Whether an upcall that wants to answer for `key` is news: no lease is asked for, or only for
    /// a while yet.
    package func isLeaseNews(_ key: Identifier, at now: Instant) -> Bool {
        guard let current = map.segment(at: key)?.current, current.members.count > 1 else {
            return false
        }
        let wanted = holding(of: key, under: current)?.wantedUntil
        return wanted.map { $0 < now + LeaseTiming.renewalOfInterest } ?? true
    }

    /// An upcall wanted to answer for `key` from this node's rows.
    mutating func wantLease(of key: Identifier) {
        guard !isLeaving, let segment = map.segment(at: key), segment.isServing,
            let current = segment.current, current.members.count > 1
        else { return }
        let index = leases.firstIndex {
            $0.configuration.ballot == current.ballot && $0.arc == segment.arc
        }
        if let index {
            leases[index].wantedUntil = now + LeaseTiming.interest
        } else {
            leases.append(
                LeaseHolding(
                    arc: segment.arc,
                    configuration: current,
                    wantedUntil: now + LeaseTiming.interest,
                    nextRequest: now
                )
            )
        }
    }

    /// Asks for what runs out; gives back what is not served, forgets what is not wanted any more.
    mutating func renewLeases() {
        let serving = map.segments.filter(\.isServing)
        var kept: [LeaseHolding] = []
        for var holding in leases {
            let ballot = holding.configuration.ballot
            let isServed = serving.contains { segment in
                segment.current?.ballot == ballot && Arcs.covers([segment.arc], holding.arc)
            }
            guard isServed, !isLeaving else {
                release(holding)
                continue
            }
            guard holding.wantedUntil > now else { continue }
            if holding.nextRequest <= now {
                let token = random.next()
                holding.asked = holding.asked.suffix(3) + [(token, now)]
                holding.nextRequest = now + LeaseTiming.renewal
                for member in holding.configuration.members where member.id != local.id {
                    send(.lease(token: token, arc: holding.arc, ballot), to: member)
                }
            }
            kept.append(holding)
        }
        leases = kept
    }

    /// This node reads there no more: it has promised another ballot, or leaves.
    private mutating func release(_ holding: LeaseHolding) {
        for member in holding.configuration.members where member.id != local.id {
            send(.release(arc: holding.arc, holding.configuration.ballot), to: member)
        }
    }

    mutating func receiveLease(_ token: UInt64, from node: Identifier) {
        for index in leases.indices {
            guard let request = leases[index].asked.first(where: { $0.token == token }) else {
                continue
            }
            let end = request.at + LeaseTiming.usable
            leases[index].ends[node] = max(end, leases[index].ends[node] ?? end)
        }
    }

    // MARK: A member

    mutating func grant(
        _ token: UInt64,
        _ arc: RingInterval,
        _ ballot: Ballot,
        to root: NodeHandle
    ) {
        grants.removeAll { $0.until <= now }
        let segments = map.overlapping(arc)
        let isCurrent = segments.allSatisfy { segment in
            segment.current?.ballot == ballot && segment.promised == ballot
                && segment.current?.includes(local.id) == true
        }
        // No renewal while somebody waits for it to end, or the root would never be replaced.
        var awaited = deferred.compactMap(\.message.changedArc)
        if let takeover, takeover.phase == .awaitingLeases { awaited.append(takeover.arc) }
        let isAwaited = awaited.contains { !$0.intersection(arc).isEmpty }
        guard ballot.proposer == root.id, isCurrent, !isAwaited,
            Arcs.covers(segments.map(\.arc), arc), grants.count < SegmentMap.capacity
        else { return }
        grants.removeAll { $0.ballot == ballot && $0.arc == arc }
        grants.append(LeaseGrant(arc: arc, ballot: ballot, until: now + LeaseTiming.duration))
        // What it stands on, the configuration accepted here, must survive a restart.
        persist(StoreBatch(), then: .reply(.leased(token: token), root))
    }

    mutating func released(_ arc: RingInterval, _ ballot: Ballot, by root: NodeHandle) {
        guard ballot.proposer == root.id else { return }
        grants = grants.flatMap { grant in
            guard grant.ballot == ballot else { return [grant] }
            return grant.arc.subtracting(arc).map { part in
                LeaseGrant(arc: part, ballot: ballot, until: grant.until)
            }
        }
    }

    /// When `proposer` may have a promise in the arc: not before the leases granted to others end,
    /// those of an earlier life included.
    func promiseTime(_ arc: RingInterval, for proposer: Identifier) -> Instant {
        guard !faults.ignoresLeases else { return now }
        var time = now
        for grant in grants
        where grant.ballot.proposer != proposer && !grant.arc.intersection(arc).isEmpty {
            time = max(time, grant.until)
        }
        if let startedAt, startedAt + LeaseTiming.duration > time {
            let mayHaveGranted = map.overlapping(arc).contains { segment in
                segment.current.map { current in
                    current.ballot.proposer != proposer && current.ballot.proposer != local.id
                        && current.includes(local.id) && isFromEarlierLife(current.ballot)
                } ?? false
            }
            if mayHaveGranted { time = startedAt + LeaseTiming.duration }
        }
        return time
    }

    private func isFromEarlierLife(_ ballot: Ballot) -> Bool { ballot.epoch <= firstEpoch }

    /// Keeps a proposer's request until the leases that stand against it have ended.
    mutating func wait(for time: Instant, _ message: RangeMessage, from sender: NodeHandle) {
        deferred.removeAll { $0.sender.id == sender.id }
        guard deferred.count < LeaseTiming.maximumDeferred else { return }
        deferred.append((time, message, sender))
    }

    mutating func resumeDeferred() {
        let due = deferred.filter { entry in
            guard let arc = entry.message.changedArc else { return true }
            return promiseTime(arc, for: entry.sender.id) <= now
        }
        deferred.removeAll { entry in due.contains { $0.sender.id == entry.sender.id } }
        for entry in due { receive(entry.message, from: entry.sender) }
    }

    var leaseDeadlines: [Instant] {
        leases.map { min($0.nextRequest, $0.wantedUntil) } + deferred.map(\.time)
    }
}

extension RangeMessage {
    /// The ballot that it would have promised.
    var proposal: Ballot? {
        switch self {
        case .prepare(_, _, let ballot), .stage(_, _, let ballot, _, _): ballot
        case .accept(_, _, let configuration, _): configuration.ballot
        default: nil
        }
    }

    /// The arc in which it raises a promise.
    var changedArc: RingInterval? {
        switch self {
        case .prepare(_, let arc, _), .stage(_, let arc, _, _, _), .accept(_, let arc, _, _): arc
        default: nil
        }
    }
}
