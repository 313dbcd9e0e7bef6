internal import KBR
internal import SansIO

/// How a node of the one-hop geometry learns all members: page by page around the ring
/// (`Spec/chord.md` §7.2).
extension ChordNode {
    /// The period of all that a geometry keeps beyond the neighbours.
    mutating func repairPointers(_ emit: inout EffectBuffer<ChordEffect>) {
        switch configuration.geometry {
        case .chord: repairFingers(&emit)
        case .oneHop: walkMembers(&emit)
        case .successors: break
        }
    }

    private mutating func walkMembers(_ emit: inout EffectBuffer<ChordEffect>) {
        guard phase == .formed else { return }
        let period = configuration.fingerPeriod
        let span = members.isComplete ? period : TimeSpan(nanoseconds: period.nanoseconds / 32)
        timers.set(.fingers, at: now + random.jittered(span))
        for neighbor in successors + [predecessor].compactMap({ $0 })
        where neighbor.id != node.id && !isSuspected(neighbor) { members.insert(neighbor) }
        guard let peer = nextToAsk,
            !pending.contains(where: { $0.purpose == .members })
        else { return }
        request(.members, to: peer, &emit) { .membersQuery(request: $0, after: peer.id) }
    }

    /// Who knows best what follows the cursor: the member there, or the last before it.
    private var nextToAsk: NodeHandle? {
        guard let cursor = members.cursor else { return successors.last { !isSuspected($0) } }
        return members.counterclockwise(before: cursor &+ .powerOfTwo(0))
            .first { $0.id != node.id && !isSuspected($0) }
    }

    /// The members after a point, as many as a page holds.
    ///
    /// A node without a table knows only who follows itself.
    func answerMembersQuery(
        _ request: UInt64,
        after point: Identifier,
        from peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        guard phase == .formed else {
            return emit(.send(.stateReply(request: request, ringState), to: peer))
        }
        var page: [NodeHandle] = []
        if configuration.geometry == .oneHop {
            page = pageOfMembers(after: point)
        } else if point == node.id {
            page = successors.filter { !isSuspected($0) }
        }
        emit(.send(.membersReply(request: request, page), to: peer))
    }

    /// From the table and what it may lack yet: this node itself and its successors.
    private func pageOfMembers(after point: Identifier) -> [NodeHandle] {
        let start = point &+ .powerOfTwo(0)
        var page = Array(members.clockwise(after: point).prefix(ChordMessage.pageLimit))
        for neighbor in [node] + successors where !page.contains(where: { $0.id == neighbor.id }) {
            page.append(neighbor)
        }
        page.sort { $0.id &- start < $1.id &- start }
        return page.prefix(ChordMessage.pageLimit).filter { !isSuspected($0) }
    }

    mutating func membersAnswered(
        _ reply: ChordMessage,
        _ peer: NodeHandle,
        _ emit: inout EffectBuffer<ChordEffect>
    ) {
        if case .stateReply(_, .outside) = reply { suspect(peer.id, &emit) }
        guard case .membersReply(_, let nodes) = reply else { return passBy(peer) }
        // Up to where the list turns back, or meets this node or who wrote it.
        var page: [NodeHandle] = []
        var last = peer.id
        for next in nodes {
            guard next.id != peer.id, Ring.isBetween(last, next.id, peer.id) else { break }
            page.append(next)
            last = next.id
        }
        guard !page.isEmpty else { return passBy(peer) }
        let told = RingInterval(after: peer.id, through: last)
        let isAround = told.contains(node.id)
        let arc = isAround ? RingInterval(after: peer.id, through: node.id) : told
        members.replace(
            arc,
            with: page.filter {
                arc.contains($0.id) && $0.id != node.id && !isSuspected($0)
            }
        )
        if isAround { members.isComplete = true }
        members.cursor = isAround ? nil : last
    }

    /// Who tells nothing of the arc after it does not hold up the walk: those before it are asked,
    /// whose pages reach beyond it; in the end it goes on with the next one known.
    private mutating func passBy(_ peer: NodeHandle) {
        var times = 1
        if let stall = members.stall, stall.peer == peer.id { times = stall.times + 1 }
        members.stall = (peer.id, times)
        let before = members.counterclockwise(before: peer.id).filter { $0.id != node.id }
        if times <= Self.turnsBack,
            let earlier = before.dropFirst(times - 1).first(where: { _ in true })
        {
            members.cursor = earlier.id
            return
        }
        members.stall = nil
        let next = members.clockwise(after: peer.id).first { _ in true }
        let isWithin = next.map { Ring.isBetween(peer.id, $0.id, node.id) } ?? false
        members.cursor = isWithin ? next?.id : nil
    }

    /// How many of those before a member that tells nothing are asked instead.
    private static let turnsBack = 2
}
