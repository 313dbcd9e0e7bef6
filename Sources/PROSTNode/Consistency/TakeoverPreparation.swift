internal import KBR
internal import SansIO

// Finding the configurations of an arc and fencing them (`Spec/consistency.md` §5.1, §5.2).

extension RangeKeeper {
    mutating func beginTakeover() {
        guard now >= retryAt else { return }
        let list = workList
        guard !list.isEmpty else { return }
        // Epochs promised grow over restarts, so no answer to an earlier life fits.
        let epoch = map.segments.map(\.promised.epoch).max() ?? 0
        let token = random.next() ^ (epoch &* 0x9E37_79B9_7F4A_7C15)
        takeover = Takeover(token: token, arc: list[failures % list.count])
        for node in neighborhood.successors.prefix(Takeover.searchLimit) { discover(at: node) }
    }

    private mutating func discover(at node: NodeHandle) {
        guard let takeover, node.id != local.id, !takeover.asked.contains(node.id) else { return }
        self.takeover?.asked.insert(node.id)
        ask(node, .discover(token: takeover.token, arc: takeover.arc))
    }

    /// All asked have answered, or are gone.
    mutating func finishDiscovery() {
        guard var current = takeover else { return }
        for (node, answer) in current.answers where isNear(node) { hosting[node] = answer.hosts }
        guard workList.contains(where: { !$0.intersection(current.arc).isEmpty }) else {
            takeover = nil
            return
        }
        // What a full answer leaves out is not taken for unknown.
        for answer in current.answers.values
        where answer.segments.count == RangeMessage.maximumSegments {
            guard let last = answer.segments.last?.arc.upper else { continue }
            if Arcs.distance(last, current.arc) < Arcs.distance(current.arc.upper, current.arc) {
                current.arc.upper = last
            }
        }
        current.pieces = pieces(of: current)
        guard let first = current.pieces.first, let last = current.pieces.last else {
            return abandonTakeover()
        }
        if first.source == nil {
            let further = furtherNodes(current)
            if !further.isEmpty {
                for node in further { discover(at: node) }
                return
            }
            // Its first configuration is another's to make, or being made; and who did not answer
            // may know one.
            let isAnswered = current.answers.count == current.asked.count
            guard isAnswered, !current.answers.values.contains(where: \.isAcquiring) else {
                return abandonTakeover()
            }
        }
        current.arc = RingInterval(after: first.arc.lower, through: last.arc.upper)
        let inside = cuts.filter { current.arc.contains($0) }
        if let cut = inside.min(by: {
            Arcs.distance($0, current.arc) < Arcs.distance($1, current.arc)
        }), cut != current.arc.upper {
            current.arc.upper = cut
            current.pieces = pieces(of: current)
        }
        takeover = current
        beginPreparation()
    }

    /// Nodes that the answers name and that were not asked, clockwise, within the search's limit.
    private func furtherNodes(_ takeover: Takeover) -> [NodeHandle] {
        var found: [Identifier: NodeHandle] = [:]
        for (_, answer) in takeover.answers.sorted(by: { $0.key < $1.key }) {
            for node in answer.successors where !takeover.asked.contains(node.id) {
                let known = found[node.id]
                if known.map({ $0.sequence < node.sequence }) ?? true { found[node.id] = node }
            }
        }
        found[local.id] = nil
        let nearest = found.values.sorted { ($0.id &- local.id) < ($1.id &- local.id) }
        return Array(nearest.prefix(max(0, Takeover.searchLimit - takeover.asked.count)))
    }

    mutating func beginPreparation() {
        guard let current = takeover else { return }
        // Its own promise counts as any other's.
        let time = promiseTime(current.arc, for: local.id)
        takeover?.phase = time > now ? .awaitingLeases : .preparing
        takeover?.graceEnd = time > now ? time : nil
        guard time <= now else { return }
        var epochs = [highestEpochSeen, highestPromise(current.arc).epoch]
        for piece in current.pieces {
            epochs += [piece.chosen?.ballot.epoch ?? 0, piece.pending?.ballot.epoch ?? 0]
        }
        for answer in current.answers.values {
            epochs += answer.segments.map(\.promised.epoch)
        }
        let highest = epochs.max() ?? 0
        guard highest < Ballot.maximumEpoch else { return abandonTakeover() }
        let ballot = Ballot(epoch: highest + 1, proposer: local.id)
        takeover?.ballot = ballot
        change(
            current.arc,
            fillingGaps: true,
            then: .takeover(token: current.token, .promised)
        ) {
            $0.promised = ballot
            $0.holdsRows = true
        }
    }

    /// Our own promise is durable, so this ballot is never used again.
    mutating func askForPromises() {
        guard let current = takeover else { return }
        takeover?.promises[local.id] = map.overlapping(current.arc)
        for node in targets(current) { askForPromise(node) }
    }

    private mutating func askForPromise(_ node: NodeHandle) {
        guard let current = takeover else { return }
        ask(node, .prepare(token: current.token, arc: current.arc, current.ballot))
    }

    private func targets(_ takeover: Takeover) -> [NodeHandle] {
        var nodes: [NodeHandle] = []
        for piece in takeover.pieces {
            for configuration in [piece.chosen, piece.pending].compactMap({ $0 }) {
                for node in configuration.members
                where node.id != local.id && !nodes.contains(where: { $0.id == node.id }) {
                    nodes.append(node)
                }
            }
        }
        return nodes
    }

    mutating func receivePromise(_ segments: [Segment], from node: NodeHandle) {
        guard let current = takeover, current.phase == .preparing else { return }
        guard Arcs.covers(segments.map(\.arc), current.arc) else { return abandonTakeover() }
        takeover?.promises[node.id] = SegmentMap.clip(segments, to: current.arc)
        guard let updated = takeover else { return }
        let run = pieces(of: updated)
        guard run != current.pieces else { return }
        // The history is not what it seemed: follow it if it is the same for the whole arc.
        let newest = run.compactMap { $0.source?.ballot.epoch }.max() ?? 0
        guard run.first?.arc.lower == current.arc.lower, run.last?.arc.upper == current.arc.upper,
            newest < current.ballot.epoch
        else {
            if let end = run.last?.arc.upper, end != current.arc.upper {
                cuts = Array(cuts.suffix(7)) + [end]
            }
            return abandonTakeover()
        }
        let before = Set(targets(current).map(\.id))
        takeover?.pieces = run
        guard let followed = takeover else { return }
        for target in targets(followed) where !before.contains(target.id) { askForPromise(target) }
    }

    mutating func advancePreparation() {
        guard let current = takeover, current.promises[local.id] != nil else { return }
        guard hasQuorum(current) else {
            if current.requests.isEmpty { abandonTakeover() }
            return
        }
        guard mayGoOn(without: current.requests.isEmpty) else { return }
        beginSummaries()
    }

    /// Whether all answered or the grace that begins now, with a majority there, is over.
    mutating func mayGoOn(without isComplete: Bool) -> Bool {
        guard !isComplete else { return true }
        if let end = takeover?.graceEnd { return now >= end }
        takeover?.graceEnd = now + RangeTiming.grace
        return false
    }

    /// Whether a majority of each configuration in the arc's history promised and remembers.
    func hasQuorum(_ takeover: Takeover) -> Bool {
        takeover.pieces.allSatisfy { piece in
            [piece.chosen, piece.pending].compactMap { $0 }.allSatisfy { configuration in
                let promisers = takeover.promises.filter { _, segments in
                    SegmentMap.clip(segments, to: piece.arc)
                        .allSatisfy { $0.remembers(configuration) }
                }
                return isMajority(Set(promisers.keys), of: configuration)
            }
        }
    }

    func isMajority(_ nodes: Set<Identifier>, of configuration: Configuration) -> Bool {
        if faults.skipsMajority { return configuration.members.contains { nodes.contains($0.id) } }
        return configuration.isMajority(nodes)
    }

    // MARK: History

    /// The first pieces of the arc: with one history, or with histories that can be joined.
    func pieces(of takeover: Takeover) -> [Takeover.Piece] {
        let arc = takeover.arc
        var knowledge: [(segments: [Segment], isPromised: Bool)] = [(map.overlapping(arc), true)]
        for (node, segments) in takeover.promises where node != local.id {
            knowledge.append((segments, true))
        }
        for (node, answer) in takeover.answers where takeover.promises[node] == nil {
            knowledge.append((SegmentMap.clip(answer.segments, to: arc), false))
        }
        var bounds = knowledge.flatMap { $0.segments.map(\.arc.upper) }
        bounds += knowledge.flatMap { $0.segments.map(\.arc.lower) }.filter { $0 != arc.lower }
        bounds = bounds.filter { arc.contains($0) } + [arc.upper]
        bounds.sort { Arcs.distance($0, arc) < Arcs.distance($1, arc) }

        var run: [Takeover.Piece] = []
        var lower = arc.lower
        for bound in bounds where bound != lower || (run.isEmpty && arc.isWholeCircle) {
            let piece = piece(
                RingInterval(after: lower, through: bound),
                knowledge,
                isHearsayEnough: takeover.phase == .discovering
            )
            lower = bound
            guard let last = run.last else {
                run.append(piece)
                continue
            }
            if last.chosen == piece.chosen, last.pending == piece.pending {
                run[run.count - 1].arc.upper = bound
            } else if run.count < mergeLimit, canJoin(last, piece) {
                run.append(piece)
            } else {
                break
            }
        }
        return run
    }

    private func canJoin(_ left: Takeover.Piece, _ right: Takeover.Piece) -> Bool {
        guard left.pending == nil, right.pending == nil, let first = left.chosen,
            let second = right.chosen
        else { return false }
        return Set(first.members.map(\.id)) == Set(second.members.map(\.id))
    }

    private func piece(
        _ arc: RingInterval,
        _ knowledge: [(segments: [Segment], isPromised: Bool)],
        isHearsayEnough: Bool
    ) -> Takeover.Piece {
        var piece = Takeover.Piece(arc: arc)
        let known = knowledge.compactMap { entry in
            entry.segments.first { $0.arc.contains(arc.upper) }.map { ($0, entry.isPromised) }
        }
        func newest(_ list: [Configuration?]) -> Configuration? {
            list.compactMap { $0 }.max { $0.ballot < $1.ballot }
        }
        piece.chosen = newest(
            known.map { segment, _ in segment.isCommitted ? segment.current : segment.base }
        )
        let chosen = piece.chosen?.ballot
        // Were it chosen, a majority of the one before would know it, so promises tell; a first
        // configuration has none before it and counts by hearsay.
        piece.pending = newest(
            known.map { segment, isPromised in
                guard !segment.isCommitted, segment.base?.ballot == chosen else { return nil }
                return isPromised || isHearsayEnough || chosen == nil ? segment.current : nil
            }
        )
        return piece
    }
}
