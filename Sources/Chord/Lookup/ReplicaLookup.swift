internal import KBR

/// An iterative search for the nodes that follow a key, which believes no node alone
/// (`Spec/chord.md` §7.1).
struct ReplicaLookup: Sendable {
    /// What a list must look like to be believed.
    struct Plausibility: Sendable {
        /// Length r; a shorter list is one that hides nodes, or of a node in trouble.
        var length: Int
        /// Widest arc of a list, as its most significant word; nil if the ring is too small to
        /// tell.
        var widestArc: UInt64?
    }

    /// Lists of so many nodes that reach beyond the key are enough.
    private static let witnessLimit = 6
    private static let askLimit = 48
    private static let candidateLimit = 64
    /// Questions under way at once.
    static let parallelism = 3

    let key: Identifier
    private let plausibility: Plausibility
    /// Not asked yet, closest before the key first.
    private var candidates: [NodeHandle] = []
    private var asked: [Identifier]
    private(set) var waiting: [Identifier] = []
    private var witnesses: [[NodeHandle]] = []
    /// Lists that reach beyond the key and do not look like the ring's.
    private var doubtful: [[NodeHandle]] = []

    init(key: Identifier, from contacts: [NodeHandle], asker: Identifier, _ rule: Plausibility) {
        self.key = key
        plausibility = rule
        asked = [asker]
        add(contacts)
    }

    private mutating func add(_ nodes: [NodeHandle]) {
        for node in nodes
        where node.id != key && !asked.contains(node.id)
            && !candidates.contains(where: { $0.id == node.id })
        {
            candidates.append(node)
        }
        let key = key
        candidates.sort { key &- $0.id < key &- $1.id }
        if candidates.count > Self.candidateLimit {
            candidates.removeLast(candidates.count - Self.candidateLimit)
        }
    }

    /// The next node to ask; nil if enough is known, under way or asked.
    mutating func next() -> NodeHandle? {
        guard witnesses.count < Self.witnessLimit, waiting.count < Self.parallelism,
            asked.count <= Self.askLimit, !candidates.isEmpty
        else { return nil }
        let node = candidates.removeFirst()
        asked.append(node.id)
        waiting.append(node.id)
        return node
    }

    var isFinished: Bool { witnesses.count >= Self.witnessLimit || waiting.isEmpty }

    /// A node does not answer.
    mutating func failed(_ id: Identifier) { waiting.removeAll { $0 == id } }

    /// What a node told, or knows itself if it is the asker.
    mutating func answered(_ node: NodeHandle, _ reply: LookupReply) {
        failed(node.id)
        // Only what leads on from there; else a liar could lead anywhere.
        add(
            (reply.closer + reply.successors).filter { Ring.isBetween(node.id, $0.id, key) }
        )
        let reached = reply.successors.firstIndex {
            RingInterval(after: node.id, through: $0.id).contains(key)
        }
        guard let reached, let last = reply.successors.last else { return }
        let beyond = Array(reply.successors[reached...])
        let arc = (last.id &- node.id).words.0
        let isPlausible =
            plausibility.widestArc.map {
                reply.successors.count >= plausibility.length && arc <= $0
            } ?? true
        if isPlausible { witnesses.append(beyond) } else { doubtful.append(beyond) }
    }

    /// Nodes at or after the key, in order: liars can name nodes in vain, not pass over one that
    /// an honest witness names.
    var replicas: [NodeHandle] {
        var nodes: [NodeHandle] = []
        for node in (witnesses.isEmpty ? doubtful : witnesses).joined()
        where !nodes.contains(where: { $0.id == node.id }) {
            nodes.append(node)
        }
        return nodes.sorted { $0.id &- key < $1.id &- key }
    }
}
