internal import KBR
internal import SansIO

/// Requests with time-outs, retries and suspicion (`Spec/chord.md` §5).
extension ChordNode {
    mutating func request(
        _ purpose: RequestPurpose,
        to peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>,
        _ message: (UInt64) -> ChordMessage
    ) {
        let number = pending.nextNumber()
        let content = message(number)
        pending[number] = PendingRequest(
            peer: peer,
            message: content,
            purpose: purpose,
            attempt: 1,
            sentAt: now
        )
        timers.set(
            .request(number),
            at: now + detector.timeout(for: peer.id, attempt: 1, configuration)
        )
        emit(.send(content, to: peer))
    }

    mutating func requestTimedOut(_ number: UInt64, _ emit: inout EffectBuffer<ChordEffect>) {
        guard var request = pending[number] else { return }
        let attempts = max(configuration.attempts, 2)
        guard request.attempt < (request.purpose.isToHearsay ? 2 : attempts) else {
            guard request.purpose.isToHearsay else { return suspect(request.peer.id, &emit) }
            pending[number] = nil
            return requestFailed(request, &emit)
        }
        request.attempt += 1
        pending[number] = request
        let timeout = detector.timeout(
            for: request.peer.id,
            attempt: request.attempt,
            configuration
        )
        timers.set(.request(number), at: now + timeout)
        emit(.send(request.message, to: request.peer))
    }

    mutating func replyReceived(
        _ number: UInt64,
        _ reply: ChordMessage,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard let request = pending[number], request.peer.id == peer.id else { return }
        pending[number] = nil
        timers.cancel(.request(number))
        // Karn's rule: an answer to a repeated request measures nothing.
        if request.attempt == 1 { detector.measured(now.since(request.sentAt), to: peer.id) }
        if reply.provesMembership { provedMember(peer) }
        dispatch(request.purpose, reply, from: peer, &emit)
    }

    private mutating func dispatch(
        _ purpose: RequestPurpose,
        _ reply: ChordMessage,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch purpose {
        case .stabilizeFromSuccessor: successorAnswered(reply, peer, &emit)
        case .stabilizeFromPredecessor: candidateAnswered(reply, peer, &emit)
        case .rectify(let candidate):
            if case .pong(_, true) = reply {
                keepPredecessor(against: candidate, &emit)
            } else {
                adoptPredecessor(candidate, &emit)
            }
        case .probe:
            if case .pong(_, false) = reply { suspect(peer.id, &emit) }
        case .isolationProbe: isolationProbeAnswered(reply, peer, &emit)
        case .ringCheck: ringCheckAnswered(reply, peer, &emit)
        case .ringCheckQuery(let through):
            ringCheckQueryAnswered(reply, from: peer, through: through, &emit)
        case .ringCheckPing(let through):
            ringCheckPingAnswered(reply, from: peer, through: through, &emit)
        case .replicaLookup(let number): searchAnswered(number, reply, peer, &emit)
        case .replicaPing(let number): searchPingAnswered(number, reply, peer, &emit)
        case .joinLookup: joinLookupAnswered(reply, peer, &emit)
        case .joinQuery: joinQueryAnswered(reply, peer, &emit)
        case .joinAdmission: admissionAnswered(reply, peer, &emit)
        case .rosterPush, .rosterPoll: rosterAnswered(reply, peer, &emit)
        case .finger(let exponent): fingerAnswered(exponent, reply, peer, &emit)
        case .fingerCandidates(let exponent): candidatesAnswered(exponent, reply, peer, &emit)
        case .measurement(let exponent):
            if case .pong(_, true) = reply { candidateMeasured(exponent, peer) }
        case .members: membersAnswered(reply, peer, &emit)
        case .departure: departureAnswered(&emit)
        }
    }

    private mutating func requestFailed(
        _ request: PendingRequest,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch request.purpose {
        case .stabilizeFromSuccessor: successorFailed(request.peer, &emit)
        case .stabilizeFromPredecessor: candidateFailed(&emit)
        case .rectify(let candidate): adoptPredecessor(candidate, &emit)
        case .probe: break
        case .isolationProbe: scheduleStabilize()
        case .ringCheck: advanceRingCheck(&emit)
        case .ringCheckQuery(let through), .ringCheckPing(let through):
            checkFailed(through: through)
        case .replicaLookup(let number), .replicaPing(let number):
            searchRequestFailed(number, request.peer, &emit)
        case .joinLookup, .joinQuery, .joinAdmission: joinRequestFailed(request, &emit)
        case .rosterPush, .rosterPoll: break
        case .finger(let exponent): fingerRequestFailed(exponent, &emit)
        case .fingerCandidates(let exponent): candidatesRequestFailed(exponent, &emit)
        case .measurement, .members: break
        case .departure: departureAnswered(&emit)
        }
    }

    /// The peer does not answer, is refused, or is no member any more.
    mutating func suspect(_ id: Identifier, _ emit: inout EffectBuffer<ChordEffect>) {
        rememberLost(id)
        detector.suspect(id, until: now + configuration.suspicionSpan)
        scheduleSuspicionExpiry()
        fingers.remove(id)
        members.remove(id)
        for number in pending.numbers(where: { $0.peer.id == id }) {
            guard let request = pending[number] else { continue }
            pending[number] = nil
            timers.cancel(.request(number))
            requestFailed(request, &emit)
        }
        if phase == .forming { formingMemberSuspected(&emit) }
        if phase == .formed, step == .idle, successors.first?.id == id { stabilize(&emit) }
    }

    mutating func scheduleSuspicionExpiry() {
        if let next = detector.expire(at: now) { timers.set(.suspicion, at: next) }
    }

    /// The transport's hint: a refusal is definite, a closed connection calls for a probe.
    mutating func peerFailed(
        _ id: Identifier,
        _ failure: PeerFailure,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch failure {
        case .refused: suspect(id, &emit)
        case .connectionClosed:
            guard isMember, !pending.contains(where: { $0.peer.id == id }) else { return }
            let known = successors + fingers.nodes + (roster?.members ?? [])
            if let predecessor, predecessor.id == id {
                probe(predecessor, &emit)
            } else if let peer = known.first(where: { $0.id == id && id != node.id }) {
                probe(peer, &emit)
            }
        }
    }

    mutating func probe(_ peer: NodeHandle, _ emit: inout EffectBuffer<ChordEffect>) {
        guard !pending.contains(where: { $0.peer.id == peer.id && $0.purpose == .probe }) else {
            return
        }
        request(.probe, to: peer, &emit) { .ping(request: $0) }
    }

    /// Only a member's own word ends suspicion; a restarted node that is not back in the ring is
    /// dead to it (§5).
    mutating func provedMember(_ peer: NodeHandle) {
        detector.trust(peer.id)
        if acquaintances.last?.id != peer.id {
            acquaintances.removeAll { $0.id == peer.id }
            if acquaintances.count == Self.acquaintanceLimit { acquaintances.removeFirst() }
            acquaintances.append(peer)
        }
        if predecessor?.id == peer.id { predecessorHeardAt = now }
    }

    private static let acquaintanceLimit = 8

    func isSuspected(_ node: NodeHandle) -> Bool { detector.isSuspected(node.id) }

    /// Ends every request of these purposes without an answer.
    mutating func abandon(where matches: (RequestPurpose) -> Bool) {
        for number in pending.numbers(where: { matches($0.purpose) }) {
            pending[number] = nil
            timers.cancel(.request(number))
        }
    }
}

extension ChordMessage {
    /// Whether only a member of a ring sends this answer.
    fileprivate var provesMembership: Bool {
        switch self {
        case .pong(_, let isMember): isMember
        case .stateReply(_, .forming), .stateReply(_, .formed), .lookupReply, .membersReply, .busy:
            true
        default: false
        }
    }
}
