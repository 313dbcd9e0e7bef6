internal import KBR
internal import SansIO

/// The ring's beginning (`Spec/chord.md` §6.5): a founder admits members one at a time and gives
/// all of them the complete list, until r + 1 members can commit the ideal ring.
extension ChordNode {
    mutating func found(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .outside || phase == .joining else { return }
        guard restored == nil else { return emit(.joinFailed(.ringAlreadyFormed)) }
        joining = nil
        abandon { _ in true }
        let alone = Roster(term: 1, version: 1, isFormed: false, members: [node])
        becomeForming(alone, &emit)
    }

    private var isFounder: Bool { phase == .forming && roster?.founder?.id == node.id }

    mutating func becomeForming(
        _ new: Roster,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        let wasMember = isMember
        phase = .forming
        joining = nil
        timers.cancel(.join)
        abandon { $0 == .joinLookup || $0 == .joinQuery || $0 == .joinAdmission }
        take(new)
        if !wasMember { emit(.joined) }
        timers.set(.forming, at: now + random.jittered(configuration.stabilizePeriod))
    }

    /// Every forming member's pointers follow from the roster.
    private mutating func take(_ new: Roster) {
        roster = new
        rosterHolders = []
        let others = new.others(clockwiseFrom: node.id)
        successors = others
        predecessor = others.last ?? node
        furtherPredecessors = Array(others.dropLast().reversed())
    }

    // MARK: Founder

    mutating func answerAdmission(
        _ request: UInt64,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard isFounder, var next = roster, !next.isFormed else {
            return emit(.send(.stateReply(request: request, ringState), to: peer))
        }
        guard !next.contains(peer.id) else { return readmit(peer, request, &emit) }
        guard everyoneHoldsRoster, next.members.count <= listLength else {
            return emit(.send(.busy(request: request), to: peer))
        }
        detector.trust(peer.id)
        next.version += 1
        next.members.append(peer)
        take(next)
        emit(.send(.stateReply(request: request, .forming(next)), to: peer))
        pushRoster(&emit)
    }

    /// A listed member that asks again has restarted, or missed the answer.
    private mutating func readmit(
        _ peer: NodeHandle,
        _ request: UInt64,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard let roster else { return }
        rosterHolders.removeAll { $0 == peer.id }
        detector.trust(peer.id)
        emit(.send(.stateReply(request: request, .forming(roster)), to: peer))
        pushRoster(&emit)
    }

    private var everyoneHoldsRoster: Bool {
        guard let roster else { return false }
        return roster.members.allSatisfy { $0.id == node.id || rosterHolders.contains($0.id) }
    }

    private mutating func pushRoster(_ emit: inout EffectBuffer<ChordEffect>) {
        guard let roster else { return }
        abandon { $0 == .rosterPush }
        for member in roster.members
        where member.id != node.id && !rosterHolders.contains(member.id) {
            request(.rosterPush, to: member, &emit) { .roster(request: $0, roster) }
        }
    }

    private mutating func removeSuspects(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var next = roster else { return }
        next.members.removeAll { $0.id != node.id && isSuspected($0) }
        guard next.members.count != roster?.members.count else { return }
        next.version += 1
        take(next)
        pushRoster(&emit)
    }

    /// Everyone holds the complete list of r + 1: commit.
    private mutating func commitIfComplete(_ emit: inout EffectBuffer<ChordEffect>) {
        guard isFounder, everyoneHoldsRoster, var next = roster,
            next.members.count == listLength + (fault == .formsWithTooFew ? 0 : 1)
        else { return }
        next.isFormed = true
        becomeFormed(next, &emit)
        for member in next.members where member.id != node.id {
            request(.rosterPush, to: member, &emit) { .roster(request: $0, next) }
        }
    }

    // MARK: Members

    mutating func rosterReceived(
        _ request: UInt64,
        _ new: Roster,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if new.contains(node.id), new.contains(peer.id), new.members.count <= listLength + 1 {
            switch phase {
            case .forming: considerRoster(new, from: peer, &emit)
            case .joining where joining?.founder?.id == peer.id:
                if new.isFormed { becomeFormed(new, &emit) } else { becomeForming(new, &emit) }
            default: break
            }
        }
        answerStateQuery(request, from: peer, &emit)
    }

    /// Formed beats forming; else the higher term and version count.
    private mutating func considerRoster(
        _ new: Roster,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard let roster, roster.contains(peer.id) else { return }
        if new.isFormed, new.members.count == listLength + 1 {
            becomeFormed(new, &emit)
        } else if new.isNewer(than: roster) || (isRestarted(new, of: peer, after: roster)) {
            take(new)
        }
    }

    /// The founder's own word counts even if lower: it restarted and forgot.
    private func isRestarted(_ new: Roster, of peer: NodeHandle, after old: Roster) -> Bool {
        peer.id == old.founder?.id && peer.id == new.founder?.id && new != old
            && !isFounder && new.term == 1
    }

    /// Once a period: everyone asks everyone, which finds dead members, missed rosters, and a
    /// commit that did not arrive.
    mutating func tendForming(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .forming, let roster else { return }
        timers.set(.forming, at: now + random.jittered(configuration.stabilizePeriod))
        formingMemberSuspected(&emit)
        for member in roster.members where member.id != node.id {
            guard !pending.contains(where: { $0.peer.id == member.id }) else { continue }
            request(.rosterPoll, to: member, &emit) { .stateQuery(request: $0) }
        }
    }

    mutating func rosterAnswered(
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .forming, let roster, roster.contains(peer.id) else { return }
        switch reply {
        case .stateReply(_, .forming(let theirs)): compare(theirs, of: peer, &emit)
        case .stateReply(_, .formed), .busy: learnFormed(from: peer, &emit)
        case .stateReply(_, .outside): suspect(peer.id, &emit)
        default: break
        }
    }

    private mutating func compare(
        _ theirs: Roster,
        of peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard let roster else { return }
        if theirs == roster {
            guard isFounder else { return }
            if !rosterHolders.contains(peer.id) { rosterHolders.append(peer.id) }
            commitIfComplete(&emit)
        } else if theirs.contains(node.id) {
            if isFounder, !theirs.isNewer(than: roster) {
                pushRoster(&emit)
            } else {
                considerRoster(theirs, from: peer, &emit)
            }
        } else if theirs.founder?.id == peer.id,
            theirs.isNewer(than: roster) || isRestarted(theirs, of: peer, after: roster)
        {
            // The founder removed this node, or lost its own memory: be admitted again.
            startJoining([peer] + roster.members, &emit)
        }
    }

    /// A member is formed already: with the complete list this node can follow.
    private mutating func learnFormed(
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard var roster else { return }
        if roster.members.count == listLength + 1 {
            roster.isFormed = true
            becomeFormed(roster, &emit)
        } else {
            startJoining([peer] + roster.members, &emit)
        }
    }

    /// The founder removes dead members; the oldest live member takes a dead founder's place.
    mutating func formingMemberSuspected(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .forming, let roster else { return }
        if isFounder { return removeSuspects(&emit) }
        let elders = roster.members.prefix { $0.id != node.id }
        guard elders.allSatisfy({ isSuspected($0) }) else { return }
        var next = roster
        next.term += 1
        next.version += 1
        next.members.removeAll { $0.id != node.id && isSuspected($0) }
        take(next)
        pushRoster(&emit)
    }

    // MARK: Formed

    private mutating func becomeFormed(
        _ formed: Roster,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        let wasMember = isMember
        take(formed)
        abandon { $0 == .rosterPush || $0 == .rosterPoll }
        timers.cancel(.forming)
        enterFormedRing(contacts: formed.members, &emit)
        if !wasMember { emit(.joined) }
    }

    /// From here on only Zave's operations change the pointers.
    mutating func enterFormedRing(
        contacts: [NodeHandle],
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        phase = .formed
        step = .idle
        joining = nil
        isIsolated = false
        pendingCandidate = nil
        timers.cancel(.join)
        abandon { $0 == .joinLookup || $0 == .joinQuery || $0 == .joinAdmission }
        let record = RingRecord(contacts: contacts.filter { $0.id != node.id })
        restored = record
        predecessorHeardAt = now
        emit(.formed(record))
        scheduleStabilize(soon: true)
        scheduleRingCheck()
        timers.set(.fingers, at: now + random.jittered(configuration.stabilizePeriod))
    }

    /// A neighbour does not know yet that the ring is formed.
    mutating func informFormed(
        _ peer: NodeHandle,
        _ theirs: Roster,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if let roster, roster.contains(peer.id), theirs.contains(node.id) {
            request(.rosterPush, to: peer, &emit) { .roster(request: $0, roster) }
            abandonStep(&emit)
        } else {
            // A member of another ring is none of this one.
            let wasSuccessor = step == .stabilizingFromSuccessor
            suspect(peer.id, &emit)
            if wasSuccessor { successorFailed(peer, &emit) } else { candidateFailed(&emit) }
        }
    }
}
