internal import KBR
internal import SansIO

// What there is to do for this node's range (`Spec/consistency.md` §5.1).

extension RangeKeeper {
    /// The arcs this node is to serve.
    var wantedArcs: [RingInterval] {
        guard !isLeaving, let range = neighborhood.range else { return [] }
        return [range] + Arcs.subtract(invited.map(\.arc), [range])
    }

    var unservedArcs: [RingInterval] {
        Arcs.subtract(wantedArcs, map.segments.filter(\.isServing).map(\.arc))
    }

    /// This node and the nearest successors that host the application.
    var desiredMembers: [NodeHandle] {
        var members = [local]
        for node in neighborhood.successors where members.count < replicas {
            let isKnown = members.contains { $0.id == node.id }
            guard !isKnown, hosting[node.id] ?? true, !leaving.contains(node.id) else { continue }
            members.append(node)
        }
        return members
    }

    func isFullyReplicated(_ segment: Segment) -> Bool {
        guard let current = segment.current else { return false }
        let members = Set(current.members.map(\.id))
        return members == Set(segment.installed) && members == Set(desiredMembers.map(\.id))
    }

    /// Arcs to take over, to replicate anew, and to make one of, each joined where they touch.
    var workList: [RingInterval] {
        let wanted = wantedArcs
        let served = wanted.flatMap { map.overlapping($0) }.filter(\.isServing)
        let lacking = served.filter { !isFullyReplicated($0) }.map(\.arc)
        var split: [RingInterval] = []
        if served.count > 1 {
            for (index, segment) in served.enumerated() {
                let next = served[(index + 1) % served.count]
                if segment.arc.upper == next.arc.lower, segment.arc != next.arc,
                    Set(segment.installed) == Set(next.installed)
                {
                    split += [segment.arc, next.arc]
                }
            }
        }
        return Self.joined(unservedArcs) + Self.joined(lacking)
            + (lacking.isEmpty ? Self.joined(split) : [])
    }

    private static func joined(_ arcs: [RingInterval]) -> [RingInterval] {
        var result: [RingInterval] = []
        for arc in arcs where !Arcs.covers(result, arc) {
            if let last = result.last, last.upper == arc.lower {
                result[result.count - 1].upper = arc.upper
            } else {
                result.append(arc)
            }
        }
        return result
    }

    /// Whether Chord holds the node for alive and near.
    func isNear(_ node: Identifier) -> Bool {
        neighborhood.predecessor?.id == node || neighborhood.successors.contains { $0.id == node }
    }

    // MARK: Requests of a takeover

    mutating func ask(_ node: NodeHandle, _ message: RangeMessage) {
        takeover?.requests.removeAll { $0.node.id == node.id }
        takeover?.requests.append(
            Takeover.Request(node: node, message: message, next: now + RangeTiming.firstRepeat)
        )
        send(message, to: node)
    }

    /// Repeats what is due; returns the nodes that are given up.
    mutating func repeatRequests() -> [Identifier] {
        guard var requests = takeover?.requests else { return [] }
        var gone: [Identifier] = []
        for index in requests.indices {
            let request = requests[index]
            let isPatient = isNear(request.node.id) || request.attempts <= RangeTiming.patience
            guard isPatient else {
                gone.append(request.node.id)
                continue
            }
            guard request.next <= now else { continue }
            send(request.message, to: request.node)
            requests[index].attempts += 1
            let delay = RangeTiming.firstRepeat * (1 << UInt64(min(request.attempts, 4)))
            requests[index].next = now + min(delay, RangeTiming.longestRepeat)
        }
        takeover?.requests = requests.filter { !gone.contains($0.node.id) }
        return gone
    }

    /// Gives up; another attempt, perhaps at another arc, follows after a random delay.
    mutating func abandonTakeover() {
        takeover = nil
        failures += 1
        mergeLimit = 1
        let delay = RangeTiming.backoff * (1 << UInt64(min(failures, 6)))
        retryAt = now + random.jittered(delay)
    }
}
