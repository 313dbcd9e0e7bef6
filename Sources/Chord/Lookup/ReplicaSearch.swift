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
        guard searches[number] == nil else { return }
        guard isMember, searches.count < Self.searchLimit else {
            return emit(.foundReplicas(number: number, []))
        }
        guard !ringView.isWholeRing else {
            let members = replicaSet(of: key, count: listLength + 1).members
            return emit(.foundReplicas(number: number, members.filter { $0.id != node.id }))
        }
        // Three times the arc that a list has on average; the size is an estimate as well.
        let gap = UInt64.max / max(estimatedSize, 1)
        let (arc, isTooWide) = gap.multipliedReportingOverflow(by: UInt64(3 * listLength))
        searches[number] = ReplicaLookup(
            key: key,
            from: closestPreceding(key),
            asker: node.id,
            ReplicaLookup.Plausibility(length: listLength, widestArc: isTooWide ? nil : arc)
        )
        learn(LookupReply(closer: [], successors: successors), from: node, in: number)
        advanceSearch(number, &emit)
    }

    /// Forgets a search whose answer nobody waits for any more.
    mutating func endSearch(_ number: UInt64) {
        searches[number] = nil
        abandonSearch(number)
    }

    /// Ends all searches without a result, for the node is no member any more.
    mutating func endSearches(_ emit: inout EffectBuffer<ChordEffect>) {
        for number in searches.keys.sorted() {
            endSearch(number)
            emit(.foundReplicas(number: number, []))
        }
    }

    private mutating func abandonSearch(_ number: UInt64) {
        abandon { $0 == .replicaLookup(number) || $0 == .replicaPing(number) }
    }

    private mutating func advanceSearch(
        _ number: UInt64,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard var search = searches[number] else { return }
        while let question = search.next() {
            switch question {
            case .lookup(let peer):
                request(.replicaLookup(number), to: peer, &emit) {
                    .lookup(request: $0, target: search.key)
                }
            case .ping(let peer):
                request(.replicaPing(number), to: peer, &emit) { .ping(request: $0) }
            }
        }
        searches[number] = search
        guard search.isFinished else { return }
        endSearch(number)
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
            learn(step, from: peer, in: number)
        } else {
            searches[number]?.failed(peer.id)
        }
        advanceSearch(number, &emit)
    }

    private mutating func learn(_ reply: LookupReply, from peer: NodeHandle, in number: UInt64) {
        guard var search = searches[number] else { return }
        search.answered(peer, reply, avoiding: { isSuspected($0) })
        searches[number] = search
    }

    mutating func searchPingAnswered(
        _ number: UInt64,
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if case .pong(_, true) = reply {
            searches[number]?.proved(peer.id)
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
