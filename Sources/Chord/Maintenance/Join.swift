internal import KBR
internal import SansIO

/// Where a join stands.
struct JoinAttempt: Sendable {
    var contacts: [NodeHandle]
    var lookup: IterativeLookup?
    /// Whether anything answered in this round.
    var wasAnswered = false
    /// The founder of a forming ring that is asked for admission.
    var founder: NodeHandle?
    var failedRounds: UInt64 = 0

    /// More nodes to ask should the contacts given die.
    mutating func remember(_ nodes: [NodeHandle]) {
        for node in nodes
        where contacts.count < 32 && !contacts.contains(where: { $0.id == node.id }) {
            contacts.append(node)
        }
    }
}

/// Join (`Spec/chord.md` §6.1): find the member that precedes this node, take its list, and become
/// a member without telling anyone.
extension ChordNode {
    mutating func startJoining(
        _ contacts: [NodeHandle],
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase != .leaving else { return }
        abandon { _ in true }
        timers.cancel(.stabilize)
        timers.cancel(.fingers)
        timers.cancel(.forming)
        timers.cancel(.ringCheck)
        phase = .joining
        step = .idle
        successors = []
        predecessor = nil
        furtherPredecessors = []
        verifiedUntil = nil
        pendingCandidate = nil
        roster = nil
        fingerSearch = nil
        ringCheck = nil
        endSearches(&emit)
        fingers = FingerTable()
        members = MembershipTable()
        isIsolated = false
        var known: [NodeHandle] = []
        for contact in contacts + (restored?.contacts ?? [])
        where contact.id != node.id && !known.contains(where: { $0.id == contact.id }) {
            known.append(contact)
        }
        joining = JoinAttempt(contacts: Array(known.prefix(32)))
        continueJoining(&emit)
    }

    /// One round over all contacts, or the next try for admission.
    mutating func continueJoining(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .joining, var attempt = joining else { return }
        if let founder = attempt.founder {
            request(.joinAdmission, to: founder, &emit) { .admit(request: $0) }
            return
        }
        attempt.wasAnswered = false
        attempt.lookup = IterativeLookup(
            target: node.id,
            from: attempt.contacts,
            asker: node.id
        )
        joining = attempt
        advanceJoinLookup(&emit)
    }

    private mutating func advanceJoinLookup(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var lookup = joining?.lookup else { return }
        let next = lookup.next()
        joining?.lookup = lookup
        switch next {
        case .ask(let peer):
            let target = node.id
            request(.joinLookup, to: peer, &emit) { .lookup(request: $0, target: target) }
        case .found(let member, _):
            request(.joinQuery, to: member, &emit) { .stateQuery(request: $0) }
        case .failed:
            let wasAnswered = joining?.wasAnswered ?? false
            emit(.joinFailed(wasAnswered ? .contactsOutsideRing : .noContactAnswered))
            retryJoin(afterFailure: true)
        }
    }

    private mutating func retryJoin(afterFailure isFailure: Bool = false) {
        guard var attempt = joining else { return }
        attempt.lookup = nil
        attempt.failedRounds = isFailure ? min(attempt.failedRounds + 1, 4) : 0
        joining = attempt
        let wait =
            isFailure
            ? configuration.joinRetry * (1 << (attempt.failedRounds - 1))
            : TimeSpan(nanoseconds: configuration.joinRetry.nanoseconds / 4)
        timers.set(.join, at: now + random.jittered(wait))
    }

    mutating func joinLookupAnswered(
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        joining?.wasAnswered = true
        switch reply {
        case .lookupReply(_, let step):
            joining?.lookup?.answered(peer, step)
            joining?.remember(step.closer + step.successors)
            advanceJoinLookup(&emit)
        case .stateReply(_, .forming(let roster)):
            guard let founder = roster.founder, founder.id != node.id else {
                return retryJoin()
            }
            joining?.lookup = nil
            joining?.founder = founder
            continueJoining(&emit)
        default: advanceJoinLookup(&emit)
        }
    }

    mutating func joinQueryAnswered(
        _ reply: ChordMessage,
        _ member: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard case .stateReply(_, .formed(_, let list)) = reply else { return retryJoin() }
        // While the member still lists this node's former life, or a closer one, ask again.
        let isPlace = list.first.map { Ring.isBetween(member.id, node.id, $0.id) } ?? true
        guard isPlace || fault == .joinsAnywhere, list.first?.id != node.id else {
            return retryJoin()
        }
        successors = successorList(
            of: node.id,
            list.isEmpty || fault == .joinListsPredecessor ? [member] + list : list,
            limit: fault == .originalChord ? 1 : listLength
        )
        predecessor = member
        furtherPredecessors = []
        let contacts = joining?.contacts ?? []
        enterFormedRing(contacts: Array(([member] + successors + contacts).prefix(64)), &emit)
        emit(.joined)
        stabilize(&emit)
    }

    mutating func admissionAnswered(
        _ reply: ChordMessage,
        _ founder: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        switch reply {
        case .stateReply(_, .forming(let roster)):
            if roster.contains(node.id), roster.founder?.id == founder.id,
                roster.members.count <= listLength + 1
            {
                return becomeForming(roster, &emit)
            }
            // Another member has become the founder.
            let isFounder = roster.founder?.id == node.id
            joining?.founder = isFounder ? nil : roster.founder
            retryJoin()
        case .busy: retryJoin()
        default:
            joining?.founder = nil
            retryJoin()
        }
    }

    mutating func joinRequestFailed(
        _ request: PendingRequest,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .joining else { return }
        if request.purpose == .joinLookup { return advanceJoinLookup(&emit) }
        joining?.founder = nil
        retryJoin()
    }
}
