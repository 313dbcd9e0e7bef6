internal import KBR
internal import SansIO

/// Periodic repair of the few distinct fingers (`Spec/chord.md` §7).
extension ChordNode {
    mutating func repairFingers(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        guard fingerLookup == nil else { return scheduleFingers() }
        guard let reach = successors.last else { return scheduleFingers() }
        let exponent = fingers.cursor
        let start = node.id &+ .powerOfTwo(exponent)
        if exponent == 0 || RingInterval(after: node.id, through: reach.id).contains(start) {
            // The successor list covers this start and all nearer ones: the sweep is complete.
            fingers.removeAll(below: exponent + 1)
            fingers.cursor = 255
            fingers.isSwept = true
            return scheduleFingers()
        }
        fingers.cursor = exponent - 1
        let lookup = IterativeLookup(
            target: start,
            from: Array(closestPreceding(start).prefix(LookupReply.limit)),
            asker: node.id
        )
        fingerLookup = (exponent, lookup)
        advanceFingerLookup(&emit)
    }

    private mutating func scheduleFingers() {
        let period = configuration.fingerPeriod
        let span = fingers.isSwept ? period : TimeSpan(nanoseconds: period.nanoseconds / 32)
        timers.set(.fingers, at: now + random.jittered(span))
    }

    private mutating func advanceFingerLookup(_ emit: inout EffectBuffer<ChordEffect>) {
        guard var current = fingerLookup else { return }
        let early = current.lookup.nodesFromTarget
        guard early.isEmpty else { return finishFinger(current.exponent, early) }
        let next = current.lookup.next()
        fingerLookup = current
        switch next {
        case .ask(let peer):
            request(.finger(exponent: current.exponent), to: peer, &emit) {
                .lookup(request: $0, target: current.lookup.target)
            }
        case .found, .failed: finishFinger(current.exponent, [])
        }
    }

    /// The candidates are the nodes that follow the finger's start.
    private mutating func finishFinger(_ exponent: Int, _ candidates: [NodeHandle]) {
        fingerLookup = nil
        let usable = candidates.filter { $0.id != node.id && !isSuspected($0) }
        // Nothing between the start and this node: the circle has no such finger.
        fingers.set(exponent, configuration.fingerChoice.choose(usable))
        scheduleFingers()
    }

    mutating func fingerAnswered(
        _ exponent: Int,
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard fingerLookup?.exponent == exponent else { return }
        if case .lookupReply(_, let step) = reply {
            fingerLookup?.lookup.answered(peer, step)
        } else if case .stateReply(_, .outside) = reply {
            suspect(peer.id, &emit)
        }
        advanceFingerLookup(&emit)
    }

    mutating func fingerRequestFailed(
        _ exponent: Int,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if fingerLookup?.exponent == exponent { advanceFingerLookup(&emit) }
    }
}
