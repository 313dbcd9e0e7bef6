internal import KBR

/// One iterative search for the closest predecessor of a point (`Spec/chord.md` §6.1): the asker
/// keeps control and asks ever closer nodes until the closest that answered knows no closer one.
struct IterativeLookup: Sendable {
    enum Step: Sendable {
        case ask(NodeHandle)
        case found(NodeHandle, successors: [NodeHandle])
        case failed
    }

    let target: Identifier
    /// Not asked yet, closest to the target first.
    private var candidates: [NodeHandle] = []
    private var asked: [Identifier] = []
    private var best: (node: NodeHandle, reply: LookupReply)?

    private static let askLimit = 64
    private static let candidateLimit = 32

    init(target: Identifier, from contacts: [NodeHandle], asker: Identifier) {
        self.target = target
        asked = [asker]
        add(contacts)
    }

    /// What is left of the way; zero never occurs, as a node on the target is passed by.
    private func distance(_ node: NodeHandle) -> Identifier { target &- node.id }

    private mutating func add(_ nodes: [NodeHandle]) {
        for node in nodes where node.id != target && !asked.contains(node.id) {
            guard !candidates.contains(where: { $0.id == node.id }) else { continue }
            candidates.append(node)
        }
        let target = target
        candidates.sort { target &- $0.id < target &- $1.id }
        if candidates.count > Self.candidateLimit {
            candidates.removeLast(candidates.count - Self.candidateLimit)
        }
    }

    mutating func next() -> Step {
        if let best, let first = candidates.first, distance(best.node) <= distance(first) {
            candidates.removeAll()
        }
        if let best, candidates.isEmpty {
            return .found(best.node, successors: best.reply.successors)
        }
        guard !candidates.isEmpty, asked.count <= Self.askLimit else { return .failed }
        let node = candidates.removeFirst()
        asked.append(node.id)
        return .ask(node)
    }

    mutating func answered(_ node: NodeHandle, _ reply: LookupReply) {
        var reply = reply
        reply.successors = successorList(of: node.id, reply.successors, limit: .max)
        if let best, distance(best.node) < distance(node) {
            // A detour around a failed node: the closer answer stands.
        } else {
            best = (node, reply)
        }
        add(reply.closer)
    }

    /// Whether the last answer's successors already reach beyond the target: enough for fingers.
    var nodesFromTarget: [NodeHandle] {
        guard let best else { return [] }
        let list = best.reply.successors
        guard
            let first = list.firstIndex(where: {
                RingInterval(after: best.node.id, through: $0.id).contains(target)
            })
        else { return [] }
        return Array(list[first...])
    }
}
