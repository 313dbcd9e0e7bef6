internal import KBR
internal import SansIO

/// Lookups that the layers above ask for when routing has failed them (`Spec/chord.md` §7.1).
extension ChordNode {
    private static let searchLimit = 64

    /// Begins a search; its answer, also an empty one, is an effect that names `number`.
    mutating func search(
        _ number: UInt64,
        for key: Identifier,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard isMember, searches[number] == nil, searches.count < Self.searchLimit else {
            return emit(.foundReplicas(number: number, []))
        }
        let known = ringView
        guard !known.isWholeRing else {
            let nodes = replicaSet(of: key, count: listLength + 1).members
            return emit(.foundReplicas(number: number, nodes))
        }
        // Three times the arc that a list has on average; the size is an estimate as well.
        let gap = UInt64.max / max(estimatedSize, 1)
        let (arc, isTooWide) = gap.multipliedReportingOverflow(by: UInt64(3 * listLength))
        var search = ReplicaLookup(
            key: key,
            from: closestPreceding(key),
            asker: node.id,
            ReplicaLookup.Plausibility(length: listLength, widestArc: isTooWide ? nil : arc)
        )
        search.answered(node, LookupReply(closer: [], successors: successors))
        searches[number] = search
        advanceSearch(number, &emit)
    }

    private mutating func advanceSearch(
        _ number: UInt64,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        while var search = searches[number], let peer = search.next() {
            searches[number] = search
            let key = search.key
            request(.replicaLookup(number), to: peer, &emit) { .lookup(request: $0, target: key) }
        }
        guard let search = searches[number], search.isFinished else { return }
        searches[number] = nil
        abandon { $0 == .replicaLookup(number) }
        let nodes = search.replicas.filter { $0.id != node.id }
        emit(.foundReplicas(number: number, Array(nodes.prefix(2 * listLength))))
    }

    mutating func searchAnswered(
        _ number: UInt64,
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if case .lookupReply(_, let step) = reply {
            searches[number]?.answered(peer, step)
        } else {
            searches[number]?.failed(peer.id)
        }
        advanceSearch(number, &emit)
    }

    mutating func searchRequestFailed(
        _ number: UInt64,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        searches[number]?.failed(peer.id)
        advanceSearch(number, &emit)
    }
}
