internal import KBR
internal import SansIO

/// Lookups asked by others (`Spec/chord.md` §4.5, §6.1).
extension ChordNode {
    /// Known live nodes strictly between this node and `point`, closest to `point` first.
    func closestPreceding(_ point: Identifier, usingFingers: Bool = true) -> [NodeHandle] {
        var found: [NodeHandle] = []
        var known = successors
        if usingFingers {
            known += fingers.nodes
            known += members.counterclockwise(before: point).lazy.filter { !isSuspected($0) }
                .prefix(LookupReply.limit + 1)
        }
        for candidate in known
        where candidate.id != point && candidate.id != node.id && !isSuspected(candidate)
            && Ring.isBetween(node.id, candidate.id, point)
            && !found.contains(where: { $0.id == candidate.id })
        {
            found.append(candidate)
        }
        return found.sorted { point &- $0.id < point &- $1.id }
    }

    /// The first of `closestPreceding` that is not avoided, without a list.
    func closestPrecedingNode(
        _ point: Identifier,
        avoiding: (Identifier) -> Bool
    ) -> NodeHandle? {
        var best: (node: NodeHandle, distance: Identifier)?
        func consider(_ candidate: NodeHandle) {
            guard candidate.id != point, candidate.id != node.id,
                Ring.isBetween(node.id, candidate.id, point)
            else { return }
            let distance = point &- candidate.id
            if let best, best.distance <= distance { return }
            if !isSuspected(candidate), !avoiding(candidate.id) { best = (candidate, distance) }
        }
        for successor in successors { consider(successor) }
        for finger in fingers.fingers { consider(finger.node) }
        let member = members.counterclockwise(before: point)
            .first { !isSuspected($0) && !avoiding($0.id) }
        if let member { consider(member) }
        return best?.node
    }

    func answerLookup(
        _ request: UInt64,
        _ target: Identifier,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed else {
            return emit(.send(.stateReply(request: request, ringState), to: peer))
        }
        let closer = closestPreceding(target).filter { $0.id != peer.id }
        let reachesTarget =
            successors.last.map {
                RingInterval(after: node.id, through: $0.id).contains(target)
            } ?? true
        let reply = LookupReply(
            closer: Array(closer.prefix(LookupReply.limit)),
            successors: reachesTarget ? successors : []
        )
        emit(.send(.lookupReply(request: request, reply), to: peer))
    }
}
