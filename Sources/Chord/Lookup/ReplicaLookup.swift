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

    enum Question: Sendable {
        /// Who is closer to the key?
        case lookup(NodeHandle)
        /// Are you who you are said to be, and a member?
        case ping(NodeHandle)
    }

    private struct Candidate: Sendable {
        var node: NodeHandle
        /// Who told of it.
        var namer: Identifier
    }

    /// The nodes at or after the key that one witness names, in order.
    private struct Claim: Sendable {
        var witness: Identifier
        var nodes: [NodeHandle]
    }

    /// Plausible lists that reach beyond the key; so many are enough.
    private static let witnessLimit = 6
    /// Lists heeded besides, those of the closest witnesses.
    private static let doubtfulLimit = 12
    private static let askLimit = 48
    private static let candidateLimit = 64
    private static let pingLimit = 32
    /// Lookups and pings under way at once.
    private static let parallelLookups = 3
    private static let parallelPings = 8

    let key: Identifier
    private let asker: Identifier
    private let plausibility: Plausibility
    private var candidates: [Candidate] = []
    private var asked: [Identifier]
    private var waiting: [Candidate] = []
    private var plausible: [Claim] = []
    private var doubtful: [Claim] = []
    /// Questions in vain to nodes that a node named: liars may name whom there is not.
    private var vainNames: [Identifier: Int] = [:]
    /// Nodes named at or after the key, not pinged yet, in the order in which they will be.
    private var unproven: [NodeHandle]?
    private var pinged: [NodeHandle] = []
    private var members: [Identifier] = []

    init(key: Identifier, from contacts: [NodeHandle], asker: Identifier, _ rule: Plausibility) {
        self.key = key
        self.asker = asker
        plausibility = rule
        asked = [asker]
        members = [asker]
        add(contacts, namedBy: asker)
    }

    private mutating func add(_ nodes: [NodeHandle], namedBy namer: Identifier) {
        for node in nodes
        where node.id != key && !asked.contains(node.id)
            && !candidates.contains(where: { $0.node.id == node.id })
        {
            candidates.append(Candidate(node: node, namer: namer))
        }
        guard candidates.count > Self.candidateLimit else { return }
        candidates.sort(by: precedes)
        candidates.removeLast(candidates.count - Self.candidateLimit)
    }

    /// Closest before the key first, but not those of whom others were asked in vain.
    private func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
        let (leftVain, rightVain) = (vainNames[left.namer] ?? 0, vainNames[right.namer] ?? 0)
        guard leftVain == rightVain else { return leftVain < rightVain }
        return key &- left.node.id < key &- right.node.id
    }

    private var knowsEnough: Bool { plausible.count >= Self.witnessLimit }

    /// The next question; nil if enough is known, under way or asked.
    mutating func next() -> Question? {
        if unproven == nil {
            if let node = nextCandidate() { return .lookup(node) }
            guard knowsEnough || waiting.isEmpty else { return nil }
            waiting = []
            unproven = namedNodes
        }
        let underWay = pinged.count { !members.contains($0.id) }
        guard !isFinished, underWay < Self.parallelPings, unproven?.isEmpty == false,
            let node = unproven?.removeFirst()
        else { return nil }
        pinged.append(node)
        return .ping(node)
    }

    private mutating func nextCandidate() -> NodeHandle? {
        guard !knowsEnough, waiting.count < Self.parallelLookups, asked.count <= Self.askLimit,
            let next = candidates.min(by: precedes)
        else { return nil }
        candidates.removeAll { $0.node.id == next.node.id }
        asked.append(next.node.id)
        waiting.append(next)
        return next.node
    }

    /// Who is named at or after the key: the first node of each list before the second of any.
    private var namedNodes: [NodeHandle] {
        let closest = doubtful.sorted { key &- $0.witness < key &- $1.witness }
        let claims = plausible + closest.prefix(Self.doubtfulLimit)
        var nodes: [NodeHandle] = []
        for place in 0..<plausibility.length {
            for claim in claims where place < claim.nodes.count {
                let node = claim.nodes[place]
                guard !members.contains(node.id), !nodes.contains(where: { $0.id == node.id })
                else { continue }
                nodes.append(node)
            }
        }
        return Array(nodes.prefix(Self.pingLimit))
    }

    /// Whether the first r nodes are known, or nobody is left to ask.
    var isFinished: Bool {
        guard let unproven else { return false }
        let open = unproven + pinged.filter { !members.contains($0.id) }
        guard let nearest = open.map({ $0.id &- key }).min() else { return true }
        return replicas.prefix { $0.id &- key < nearest }.count >= plausibility.length
    }

    /// A node does not answer, or not as a member does.
    mutating func failed(_ id: Identifier) {
        pinged.removeAll { $0.id == id && !members.contains(id) }
        for candidate in waiting where candidate.node.id == id && candidate.namer != asker {
            vainNames[candidate.namer, default: 0] += 1
        }
        waiting.removeAll { $0.node.id == id }
    }

    /// A node named has answered as a member.
    mutating func proved(_ id: Identifier) { if !members.contains(id) { members.append(id) } }

    /// What a node told, or knows itself if it is the asker.
    mutating func answered(
        _ node: NodeHandle,
        _ reply: LookupReply,
        avoiding: (NodeHandle) -> Bool
    ) {
        waiting.removeAll { $0.node.id == node.id }
        guard unproven == nil else { return }
        proved(node.id)
        let list = successorList(of: node.id, reply.successors, limit: plausibility.length)
        // Only what leads on from there, and little; else a liar could lead anywhere.
        let closer = (reply.closer + list)
            .filter { Ring.isBetween(node.id, $0.id, key) && !avoiding($0) }
            .sorted { key &- $0.id < key &- $1.id }
        add(
            Array(closer.prefix(max(plausibility.length, LookupReply.limit))),
            namedBy: node.id
        )
        let reached = list.firstIndex {
            RingInterval(after: node.id, through: $0.id).contains(key)
        }
        guard let reached, let last = list.last else { return }
        let claim = Claim(witness: node.id, nodes: list[reached...].filter { !avoiding($0) })
        let arc = (last.id &- node.id).words.0
        let isPlausible =
            list.count >= plausibility.length
            && plausibility.widestArc.map { arc <= $0 } ?? true
        if isPlausible { plausible.append(claim) } else { doubtful.append(claim) }
    }

    /// Members at or after the key that a witness names, in order: liars can name nodes in vain,
    /// not pass over one that an honest witness names.
    var replicas: [NodeHandle] {
        var nodes: [NodeHandle] = []
        for node in (plausible + doubtful).flatMap(\.nodes)
        where members.contains(node.id) && !nodes.contains(where: { $0.id == node.id }) {
            nodes.append(node)
        }
        return nodes.sorted { $0.id &- key < $1.id &- key }
    }
}
