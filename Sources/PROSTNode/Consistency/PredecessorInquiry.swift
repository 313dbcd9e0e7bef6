package import KBR
package import SansIO

/// Asks predecessors whether they host a consistent application: the keys of those whose owners
/// refuse it are this node's to serve (`Spec/consistency.md` §5.8).
package struct PredecessorInquiry: Sendable {
    private enum Word {
        case hosts
        case refuses(since: Instant)
    }

    private struct Question {
        var node: Identifier
        var token: UInt64
        var attempts: UInt64
        var next: Instant
    }

    private static let attempts: UInt64 = 4

    /// Token of a node's word that it does not host the application any more.
    package static let notice: UInt64 = 0

    /// Most predecessors that are passed over: the others of a replica set.
    private let reach: Int
    private var predecessors: [NodeHandle] = []
    private var words: [Identifier: Word] = [:]
    private var question: Question?

    package init(replicas: Int) { reach = max(0, replicas - 1) }

    /// Closest first, as the ring sees them.
    package mutating func adopt(_ new: [NodeHandle]) {
        predecessors = new
        let present = Set(new.map(\.id))
        words = words.filter { present.contains($0.key) }
    }

    /// The node shows that it hosts the application.
    package mutating func hosts(_ node: Identifier) {
        guard predecessors.contains(where: { $0.id == node }) else { return }
        words[node] = .hosts
    }

    /// What a node says of itself: an answer, or under `notice` a refusal that nobody asked for.
    package mutating func receive(
        _ word: Discovery,
        token: UInt64,
        from node: Identifier,
        at now: Instant
    ) {
        let isAnswer = question?.node == node && question?.token == token
        guard isAnswer || (token == Self.notice && word.isRefusal),
            predecessors.contains(where: { $0.id == node })
        else { return }
        words[node] = word.isRefusal ? .refuses(since: now) : .hosts
        if isAnswer { question = nil }
    }

    /// A predecessor passed on what is its own to answer: its word may have changed.
    package mutating func doubt() {
        words = words.filter { if case .refuses = $0.value { true } else { false } }
    }

    /// Whom to ask now.
    package mutating func due(
        at now: Instant,
        random: inout DeterministicRandom
    ) -> (node: NodeHandle, token: UInt64)? {
        guard let node = unsure(at: now) else {
            question = nil
            return nil
        }
        var current =
            question.flatMap { $0.node == node.id ? $0 : nil }
            ?? Question(node: node.id, token: random.next(), attempts: 0, next: now)
        defer { question = current }
        guard now >= current.next else { return nil }
        guard current.attempts < Self.attempts else {
            // Silence is no refusal.
            words[node.id] = .hosts
            return nil
        }
        current.next = now + RangeTiming.firstRepeat * (1 << current.attempts)
        current.attempts += 1
        return (node, current.token)
    }

    /// The nearest predecessor on whose word the range hangs and whose word is missing or old.
    private func unsure(at now: Instant) -> NodeHandle? {
        for node in predecessors.prefix(reach) {
            switch words[node.id] {
            case nil: return node
            case .hosts: return nil
            case .refuses(let since): if now >= since + RangeTiming.hostingRefresh { return node }
            }
        }
        return nil
    }

    /// When to look again.
    package func wake(after now: Instant) -> Instant? {
        if unsure(at: now) != nil { return question.map { max($0.next, now) } ?? now }
        var earliest: Instant?
        for node in predecessors.prefix(reach) {
            guard case .refuses(let since)? = words[node.id] else { break }
            let end = since + RangeTiming.hostingRefresh
            earliest = earliest.map { min($0, end) } ?? end
        }
        return earliest
    }

    /// Nodes whose owners refuse the application.
    package var refusing: Set<Identifier> {
        Set(words.compactMap { if case .refuses = $0.value { $0.key } else { nil } })
    }

    /// The arc of which `local` is the first hosting node, given the one of which it is the root.
    package func range(extending own: RingInterval, of local: Identifier) -> RingInterval {
        var range = own
        for (node, next) in zip(predecessors.prefix(reach), predecessors.dropFirst()) {
            guard node.id == range.lower, node.id != local, case .refuses = words[node.id] else {
                break
            }
            range.lower = next.id
        }
        return range
    }
}

extension Discovery {
    /// Of an application that does not run there, and of whose arcs nothing is served there.
    var isRefusal: Bool { !hosts && segments.isEmpty }

    static func refusal(successors: [NodeHandle]) -> Discovery {
        Discovery(hosts: false, isAcquiring: false, segments: [], successors: successors)
    }
}
