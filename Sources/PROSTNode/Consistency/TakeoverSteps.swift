internal import KBR
internal import SansIO

extension RangeKeeper {
    /// Takes the attempt as far as it goes without further input.
    mutating func advance() {
        let gone = repeatRequests()
        guard let current = takeover else { return }
        let hasPromised = current.phase != .discovering && current.phase != .awaitingLeases
        if hasPromised, highestPromise(current.arc) != current.ballot {
            // We promised a higher ballot to another node meanwhile.
            return abandonTakeover()
        }
        switch current.phase {
        case .discovering: if current.requests.isEmpty { finishDiscovery() }
        case .awaitingLeases: beginPreparation()
        case .preparing: advancePreparation()
        case .summarizing:
            dropSources(gone)
            advanceSummaries()
        case .collecting: if !gone.isEmpty { abandonTakeover() }
        case .summarizingResult, .committing: break
        case .staging: advanceStaging(gone: gone)
        case .accepting: advanceAcceptance()
        case .superseding: advanceSupersession()
        }
    }

    /// Answers to this node's requests; what was not asked is dropped.
    mutating func receiveAnswer(_ message: RangeMessage, from node: NodeHandle) {
        guard let current = takeover,
            let request = current.requests.first(where: { $0.node.id == node.id })
        else { return }
        let token = current.token
        switch message {
        case .discovered(token, let discovery) where current.phase == .discovering:
            answered(node)
            takeover?.answers[node.id] = discovery
        case .promised(token, current.ballot, let segments) where current.phase == .preparing:
            answered(node)
            receivePromise(segments, from: node)
        case .refused(token, let ballot):
            highestEpochSeen = max(highestEpochSeen, ballot.epoch)
            abandonTakeover()
        case .summary(token, let digest) where current.phase == .summarizing:
            answered(node)
            receiveSummary(digest, from: node.id)
        case .rows(token, let after, let page) where current.phase == .collecting:
            guard after == current.cursor else { return }
            answered(node)
            receivePage(page, after: after, from: node.id)
        case .staged(token, let through):
            receiveStaged(through: through, from: node.id, request: request.message)
        case .accepted(token, let arc):
            receiveAccepted(arc, from: node)
        default: break
        }
    }

    private mutating func answered(_ node: NodeHandle) {
        takeover?.requests.removeAll { $0.node.id == node.id }
    }
}
