internal import KBR
internal import SansIO

/// The repair of one finger: who follows its start, and who of them is near in the network.
struct FingerSearch: Sendable {
    let exponent: Int
    var lookup: IterativeLookup
    /// Nodes that follow the start, closest first, as far as they are known.
    var candidates: [NodeHandle] = []
}

/// Periodic repair of the few distinct fingers, chosen by proximity (`Spec/chord.md` §7).
extension ChordNode {
    mutating func repairFingers(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        guard fingerSearch == nil, let reach = successors.last else { return scheduleFingers() }
        let exponent = fingers.cursor
        let start = node.id &+ .powerOfTwo(exponent)
        if exponent == 0 || RingInterval(after: node.id, through: reach.id).contains(start) {
            // The successor list covers this start and all nearer ones: the sweep is complete.
            fingers.endSweep(above: exponent)
            return scheduleFingers()
        }
        fingers.cursor = exponent - 1
        if !fingers.isChoosing, let finger = fingers[exponent] {
            // Chosen not long ago: whether it lives is all there is to know.
            probe(finger, &emit)
            return scheduleFingers()
        }
        let lookup = IterativeLookup(
            target: start,
            from: Array(closestPreceding(start).prefix(LookupReply.limit)),
            asker: node.id
        )
        fingerSearch = FingerSearch(exponent: exponent, lookup: lookup)
        advanceFingerSearch(&emit)
    }

    private mutating func scheduleFingers() {
        let period = configuration.fingerPeriod
        let span = fingers.isSwept ? period : TimeSpan(nanoseconds: period.nanoseconds / 32)
        timers.set(.fingers, at: now + random.jittered(span))
    }

    private mutating func advanceFingerSearch(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var search = fingerSearch else { return }
        search.candidates = search.lookup.nodesFromTarget
        guard search.candidates.isEmpty else {
            fingerSearch = search
            return collectCandidates(&emit)
        }
        let next = search.lookup.next()
        fingerSearch = search
        guard case .ask(let peer) = next else { return chooseFinger(&emit) }
        request(.finger(exponent: search.exponent), to: peer, &emit) {
            .lookup(request: $0, target: search.lookup.target)
        }
    }

    /// The last candidate's successors follow those known, until there are enough.
    private mutating func collectCandidates(_ emit: inout EffectBuffer<ChordEffect>) {
        guard let search = fingerSearch, let last = search.candidates.last,
            search.candidates.count < configuration.fingerCandidates,
            isEligible(last, as: search.exponent), !isSuspected(last)
        else { return chooseFinger(&emit) }
        // A lookup of the point after a node is answered with its successor list.
        let beyond = last.id &+ .powerOfTwo(0)
        request(.fingerCandidates(exponent: search.exponent), to: last, &emit) {
            .lookup(request: $0, target: beyond)
        }
    }

    /// In the first half of the finger's arc, so that the choice costs few hops.
    private func isEligible(_ candidate: NodeHandle, as exponent: Int) -> Bool {
        let limit = Identifier.powerOfTwo(exponent) &+ .powerOfTwo(max(exponent, 1) - 1)
        return candidate.id != node.id && candidate.id &- node.id < limit
    }

    /// The nearest one measured becomes the finger; the others are pinged, and one that turns
    /// out nearer takes its place.
    private mutating func chooseFinger(_ emit: inout EffectBuffer<ChordEffect>) {
        guard let search = fingerSearch else { return }
        fingerSearch = nil
        scheduleFingers()
        let usable = search.candidates.filter { $0.id != node.id && !isSuspected($0) }
        // Nothing between the start and this node: the circle has no such finger.
        guard let first = usable.first else { return fingers.set(search.exponent, nil) }
        var choice = first
        var nearest = smoothedRoundTrip(to: first.id)
        let eligible = usable.prefix(configuration.fingerCandidates)
            .filter { isEligible($0, as: search.exponent) }
        for candidate in eligible {
            guard let span = smoothedRoundTrip(to: candidate.id) else {
                if configuration.fingerCandidates > 1 {
                    request(.measurement(exponent: search.exponent), to: candidate, &emit) {
                        .ping(request: $0)
                    }
                }
                continue
            }
            if nearest.map({ span < $0 }) ?? true { (choice, nearest) = (candidate, span) }
        }
        fingers.set(search.exponent, choice)
    }

    mutating func candidateMeasured(_ exponent: Int, _ peer: NodeHandle) {
        guard let finger = fingers[exponent], finger.id != peer.id, !isSuspected(peer),
            let span = smoothedRoundTrip(to: peer.id)
        else { return }
        if smoothedRoundTrip(to: finger.id).map({ span < $0 }) ?? true {
            fingers.set(exponent, peer)
        }
    }

    mutating func fingerAnswered(
        _ exponent: Int,
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard fingerSearch?.exponent == exponent else { return }
        if case .lookupReply(_, let step) = reply {
            fingerSearch?.lookup.answered(peer, step)
            fillFingers(from: step.closer + step.successors)
        } else if case .stateReply(_, .outside) = reply {
            suspect(peer.id, &emit)
        }
        advanceFingerSearch(&emit)
    }

    /// One lookup repairs several: what it tells of fills other fingers that are missing.
    private mutating func fillFingers(from nodes: [NodeHandle]) {
        guard let reach = successors.last else { return }
        for known in nodes where known.id != node.id && !isSuspected(known) {
            let distance = known.id &- node.id
            guard reach.id &- node.id < distance, fingers[distance.highestBit] == nil else {
                continue
            }
            fingers.set(distance.highestBit, known)
        }
    }

    mutating func candidatesAnswered(
        _ exponent: Int,
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard fingerSearch?.exponent == exponent else { return }
        guard case .lookupReply(_, let step) = reply,
            let last = fingerSearch?.candidates.last, last.id == peer.id
        else { return chooseFinger(&emit) }
        // Until the list turns back past this node.
        let more = successorList(of: last.id, step.successors, limit: listLength)
            .prefix { Ring.isBetween(last.id, $0.id, node.id) }
        fingerSearch?.candidates += more
        if more.isEmpty { chooseFinger(&emit) } else { collectCandidates(&emit) }
    }

    mutating func fingerRequestFailed(
        _ exponent: Int,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if fingerSearch?.exponent == exponent { advanceFingerSearch(&emit) }
    }

    mutating func candidatesRequestFailed(
        _ exponent: Int,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if fingerSearch?.exponent == exponent { chooseFinger(&emit) }
    }
}

extension Identifier {
    /// Exponent of the greatest power of two that is not greater; 0 for zero.
    fileprivate var highestBit: Int {
        let parts = [words.0, words.1, words.2, words.3]
        for (index, part) in parts.enumerated() where part != 0 {
            return 255 - 64 * index - part.leadingZeroBitCount
        }
        return 0
    }
}
