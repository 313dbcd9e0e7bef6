internal import KBR
internal import PeerletRuntime
internal import SansIO

// A node that leaves, and those that take over from it (`Spec/consistency.md` §5.7).

extension RangeKeeper {
    mutating func takeOver(_ arc: RingInterval, from sender: NodeHandle) {
        for segment in map.overlapping(arc) where segment.isServing {
            guard let current = segment.current else { continue }
            send(.commit(token: random.next(), arc: segment.arc, current), to: sender)
        }
        leaving.insert(sender.id)
        // A member that leaves only wants to be replaced; the heir of a root comes after it.
        let isHeir = (sender.id &- arc.upper) < (local.id &- arc.upper)
        guard isHeir, !isLeaving, invited.count < 64 else { return }
        for part in Arcs.subtract([arc], invited.map(\.arc)) {
            invited.append(Invitation(arc: part, from: sender.id))
        }
    }

    mutating func beginLeaving() {
        guard !isLeaving else { return }
        isLeaving = true
        takeover = nil
        leaveRetry = now
    }

    /// Asks the successor for each arc that this node is still the root of, and the root for each
    /// arc that it is another member of: a configuration must not count on a node that is gone.
    mutating func leaveIfHandedOver() {
        guard isLeaving, !hasLeft else { return }
        // The same one as long as it is there: two would take the arcs from each other.
        let candidates = neighborhood.successors.filter { node in
            hosting[node.id] ?? true && !leaving.contains(node.id)
        }
        let next = candidates.first { $0.id == heir } ?? candidates.first
        heir = next?.id
        let kept = map.segments.compactMap { segment -> (arc: RingInterval, asked: NodeHandle)? in
            guard let current = segment.current, current.includes(local.id),
                let root = current.members.first
            else { return nil }
            return (root.id == local.id ? next : root).map { (segment.arc, $0) }
        }
        guard !kept.isEmpty else {
            guard announcements.allSatisfy({ isKnown($0.configuration) }) else { return }
            hasLeft = true
            effects.append(.readyToLeave)
            return
        }
        guard now >= leaveRetry else { return }
        leaveRetry = now + .milliseconds(500)
        for entry in kept { send(.takeOver(arc: entry.arc), to: entry.asked) }
    }
}
