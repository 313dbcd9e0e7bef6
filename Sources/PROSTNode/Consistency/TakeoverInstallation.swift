internal import KBR
internal import PeerletRuntime
internal import SansIO

// Giving the rows to the new members and making their configuration the chosen one
// (`Spec/consistency.md` §5.4, §5.5).

extension RangeKeeper {
    mutating func beginStaging() {
        guard let current = takeover, let own = current.digests[local.id] else { return }
        // One that may have been chosen is proposed again, with the same members.
        let pending = current.pieces.first?.pending
        let members = pending?.members ?? desiredMembers
        takeover?.phase = .staging
        takeover?.requests = []
        takeover?.graceEnd = nil
        takeover?.members = members
        for node in members where node.id != local.id {
            let isSource = current.sources.contains { $0.id == node.id }
            let isEqual = isSource && current.digests[node.id] == own
            takeover?.stagings.append(
                Takeover.Staging(node: node, isDone: isEqual, lastProgress: now)
            )
            if !isEqual { stageNextPage(to: node.id, after: nil) }
        }
    }

    private mutating func stageNextPage(to node: Identifier, after: [UInt8]?) {
        guard let current = takeover else { return }
        readRows(
            current.arc,
            after: after,
            then: .takeover(token: current.token, .stagePage(node, after: after))
        )
    }

    mutating func didRead(_ step: Takeover.Step, _ page: RowPage) {
        guard let current = takeover else { return }
        switch step {
        case .collectedPage(let after): receivePage(page, after: after, from: local.id)
        case .stagePage(let id, let after):
            guard let staging = current.stagings.first(where: { $0.node.id == id }) else { return }
            ask(
                staging.node,
                .stage(token: current.token, arc: current.arc, current.ballot, after: after, page)
            )
        case .promised, .summarized, .collectedSpan, .accepted, .committed: break
        }
    }

    mutating func receiveStaged(
        through: [UInt8]?,
        from node: Identifier,
        request: RangeMessage
    ) {
        guard takeover?.phase == .staging, case .stage(_, _, _, _, let page) = request,
            through == (page.hasMore ? page.rows.last?.key : nil),
            let index = takeover?.stagings.firstIndex(where: { $0.node.id == node })
        else { return }
        takeover?.requests.removeAll { $0.node.id == node }
        takeover?.stagings[index].lastProgress = now
        if through == nil {
            takeover?.stagings[index].isDone = true
        } else {
            stageNextPage(to: node, after: through)
        }
    }

    mutating func advanceStaging(gone: [Identifier]) {
        takeover?.stagings.removeAll { gone.contains($0.node.id) && !$0.isDone }
        guard let current = takeover else { return }
        let configuration = current.configuration
        let holders = holders(current)
        let isMajority = isMajority(holders, of: configuration)
        let waiting = current.stagings.filter { !$0.isDone }
        guard waiting.isEmpty || (isMajority && waiting.allSatisfy { isStalled($0) }) else {
            return
        }
        guard isMajority else { return abandonTakeover() }
        takeover?.stagings.removeAll { !$0.isDone }
        takeover?.requests = []
        takeover?.phase = .accepting
        // Ours first: an attempt that others know of is always found here too.
        if configuration.includes(local.id) {
            acceptHere(current.pieces)
        } else {
            askStagedToAccept()
        }
    }

    private func isStalled(_ staging: Takeover.Staging) -> Bool {
        now >= staging.lastProgress + RangeTiming.stall
    }

    private func holders(_ takeover: Takeover) -> Set<Identifier> {
        var holders = Set(takeover.stagings.filter(\.isDone).map(\.node.id))
        if takeover.configuration.includes(local.id) { holders.insert(local.id) }
        return holders
    }

    private mutating func acceptHere(_ pieces: [Takeover.Piece]) {
        guard let current = takeover else { return }
        for piece in pieces {
            acceptLocally(
                piece.arc,
                current.configuration,
                piece.chosen,
                then: .takeover(token: current.token, .accepted)
            )
        }
    }

    mutating func didFinish(_ step: Takeover.Step) {
        switch step {
        case .promised: askForPromises()
        case .collectedSpan: didMergeSpan()
        case .accepted: didAcceptHere()
        case .committed: finishTakeover()
        case .summarized, .collectedPage, .stagePage: break
        }
    }

    private mutating func didAcceptHere() {
        guard let current = takeover, !current.accepted.contains(local.id) else { return }
        let count = (current.acceptedPieces[local.id] ?? 0) + 1
        takeover?.acceptedPieces[local.id] = count
        guard count == current.pieces.count else { return }
        takeover?.accepted.insert(local.id)
        if current.phase == .accepting { askStagedToAccept() }
    }

    private mutating func askStagedToAccept() {
        for staging in takeover?.stagings ?? [] { askToAccept(staging.node) }
    }

    private mutating func askToAccept(_ node: NodeHandle) {
        guard let current = takeover else { return }
        let next = current.acceptedPieces[node.id] ?? 0
        guard next < current.pieces.count else { return }
        let piece = current.pieces[next]
        ask(
            node,
            .accept(
                token: current.token,
                arc: piece.arc,
                current.configuration,
                base: piece.chosen
            )
        )
    }

    mutating func receiveAccepted(_ arc: RingInterval, from node: NodeHandle) {
        guard let current = takeover, !current.accepted.contains(node.id) else { return }
        let next = current.acceptedPieces[node.id] ?? 0
        guard next < current.pieces.count, current.pieces[next].arc == arc else { return }
        takeover?.requests.removeAll { $0.node.id == node.id }
        takeover?.acceptedPieces[node.id] = next + 1
        if next + 1 == current.pieces.count {
            takeover?.accepted.insert(node.id)
        } else {
            askToAccept(node)
        }
    }

    /// A majority of the new members, and only then the old ones that are not among them: an old
    /// member that knows the new configuration proves that a majority of it holds the rows.
    mutating func advanceAcceptance() {
        guard let current = takeover else { return }
        let configuration = current.configuration
        let isOurs = configuration.includes(local.id)
        if isOurs, !current.accepted.contains(local.id) { return }
        guard isMajority(current.accepted, of: configuration) else {
            if current.requests.isEmpty { abandonTakeover() }
            return
        }
        guard mayGoOn(without: current.requests.isEmpty) else { return }
        takeover?.phase = .superseding
        takeover?.requests = []
        takeover?.graceEnd = nil
        var asked: Set<Identifier> = []
        for old in current.pieces.compactMap(\.chosen).flatMap(\.members)
        where !configuration.includes(old.id) && current.promises[old.id] != nil {
            guard asked.insert(old.id).inserted else { continue }
            if old.id == local.id {
                acceptHere(current.pieces)
            } else {
                askToAccept(old)
            }
        }
        advanceSupersession()
    }

    mutating func advanceSupersession() {
        guard let current = takeover else { return }
        let isChosen = current.pieces.allSatisfy { piece in
            piece.chosen.map { isMajority(current.accepted, of: $0) } ?? true
        }
        guard isChosen else {
            let isOursToFollow =
                !current.configuration.includes(local.id)
                && current.pieces.contains { $0.chosen?.includes(local.id) ?? false }
            let waitsForSelf = isOursToFollow && !current.accepted.contains(local.id)
            if current.requests.isEmpty, !waitsForSelf { abandonTakeover() }
            return
        }
        takeover?.phase = .committing
        takeover?.requests = []
        tellChosen(current)
        commitHere(current)
    }

    private mutating func commitHere(_ current: Takeover) {
        let configuration = current.configuration
        let then = Continuation.takeover(token: current.token, .committed)
        guard configuration.includes(local.id) else {
            learn(current.arc, configuration, then: then)
            return
        }
        let isRoot = configuration.members.first?.id == local.id
        let installed =
            isRoot ? configuration.members.map(\.id).filter(current.accepted.contains) : []
        change(current.arc, fillingGaps: false, then: then) { segment in
            guard segment.current?.ballot == configuration.ballot else { return }
            segment.isCommitted = true
            segment.base = nil
            segment.installed = installed
        }
    }

    /// At once, for it is so whatever becomes of this takeover: a change of the ring may end it
    /// before this node's own record is durable.
    private mutating func tellChosen(_ current: Takeover) {
        var nodes = current.members
        for piece in current.pieces {
            nodes += (piece.chosen?.members ?? []) + (piece.pending?.members ?? [])
        }
        announce(current.arc, current.configuration, to: nodes)
        repeatAnnouncements()
    }

    private mutating func finishTakeover() {
        guard takeover != nil else { return }
        takeover = nil
        failures = 0
        cuts = []
        mergeLimit = Takeover.maximumPieces
        retryAt = now
    }
}
